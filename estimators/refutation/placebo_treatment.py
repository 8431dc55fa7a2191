"""Placebo treatment: arms dealt anew within folds, so that nothing of them is left; no pair may differ.

**Null.** The estimator's expectation over such deals is 0 in every pair. For a score with the right propensity, the
arms' shares within the fold, this is exact in any records and with any regression learned on other folds: a row's arm
is independent of them, and E[μ + 1[T = k] (Y - μ) / e_k] = Y for every k.

**Why p is uniform.** Given the records, deals are independent draws of ours. Their mean is held against their own
scatter, as Student's t, the largest |t| over pairs against that of jointly t-distributed ones. A study's own effects,
or whether its propensities are right, do not enter.

**What it finds.** Scores that stand on anything of the arms that were really started, such as the propensities left
over from the first fit that DoWhy's placebo refuter uses (py-why/dowhy#1728).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.refutation import Refuter
from estimators.refutation.largest_t import chances_of_draws
from estimators.refutation.material import Material
from estimators.refutation.told import told
from estimators.refutation.trial import Trial

NAME = "placebo_treatment"
NULL = "arms dealt at random within folds do nothing: no pair differs on average over the deals"


def placebo_treatment(material: Material) -> Refuter:
    """Deal the arms anew, as many times as the material says."""
    trial = material.trial
    shares = _shares(trial)
    found = []
    for rng in material.generators(NAME):
        arm = trial.arm.copy()
        for k in np.unique(trial.fold):
            rows = np.flatnonzero(trial.fold == k)
            arm[rows] = rng.permutation(arm[rows])
        dealt = replace(trial, arm=arm, propensity=shares)
        found.append(material.differences(material.estimator(dealt).scores))
    draws = np.array(found)
    return told(NAME, NULL, material, draws, chances_of_draws(draws))


def _shares(trial: Trial) -> FloatArray:
    """(n, K) the arms' shares in each row's fold: the exact chances of such a deal."""
    table = np.zeros((int(trial.fold.max()) + 1, trial.arms))
    np.add.at(table, (trial.fold, trial.arm), 1.0)
    return np.asarray((table / np.maximum(table.sum(axis=1, keepdims=True), 1.0))[trial.fold])
