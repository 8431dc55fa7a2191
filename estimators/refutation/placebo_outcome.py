"""Placebo outcome: outcomes dealt anew among all episodes, so that nothing ties them to anybody; no pair may differ.

**Null.** The estimator's expectation over such deals is 0 in every pair. The mean of any row's dealt outcome is that
of all; a regression learned from dealt outcomes expects that mean of everybody, whatever the arm, up to what its
choice of a penalty moves.

**Why p is uniform.** Given the records, deals are independent draws of ours, and their mean is held against their own
scatter, as for the placebo treatment.

**What it finds.** Scores that stand on anything of the outcomes that were really seen, such as regressions left over
from the first fit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.refutation import Refuter
from estimators.refutation.largest_t import chances_of_draws
from estimators.refutation.material import Material
from estimators.refutation.told import told

NAME = "placebo_outcome"
NULL = "outcomes dealt at random among everybody owe nothing to an arm: no pair differs on average over the deals"


def placebo_outcome(material: Material) -> Refuter:
    """Deal the outcomes anew, as many times as the material says."""
    trial = material.trial
    found = []
    for rng in material.generators(NAME):
        dealt = replace(trial, outcome=rng.permutation(trial.outcome))
        found.append(material.differences(material.estimator(dealt).scores))
    draws = np.array(found)
    return told(NAME, NULL, material, draws, chances_of_draws(draws))
