"""Redrawn treatment: arms drawn by the study's own propensities: chosen as in the records, and doing nothing.

**Null.** The estimator's expectation over such draws is 0 in every pair: given the covariates, a drawn arm has
nothing to do with the outcome, but patients who got it differ as those in the records do. For a score with these
propensities this is exact in any records and with any regression learned on other folds (conditional randomisation:
Candès, Fan, Janson and Lv 2018, Journal of the Royal Statistical Society B 80:551).

**Why p is uniform.** As for the placebo treatment: given the records, draws are independent and ours.

**What it finds.** Scores that do not take the confounding away that the propensities hold. Whether those are right it
cannot tell: arms are drawn by them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.refutation import Refuter
from estimators.nuisances import MINIMUM_PROPENSITY
from estimators.refutation.largest_t import chances_of_draws
from estimators.refutation.material import Material
from estimators.refutation.not_assessable import NotAssessable
from estimators.refutation.told import told
from estimators.refutation.trial import Trial, can_be_learned

NAME = "redrawn_treatment"
NULL = "arms drawn by the study's own propensities do nothing: no pair differs on average over the draws"
TRIES = 100


def redrawn_treatment(material: Material) -> Refuter:
    """Draw arms, as many times as the material says.

    Raises:
        NotAssessable: an arm is so rare that hardly any draw has enough of it to learn from.
    """
    scores = (material.estimator(arms_drawn(material, rng)).scores for rng in material.generators(NAME))
    draws = np.array([material.differences(one) for one in scores])
    return told(NAME, NULL, material, draws, chances_of_draws(draws))


def arms_drawn(material: Material, rng: np.random.Generator) -> Trial:
    """The study's trial with arms drawn by its propensities, again until each can be learned.

    Chances are lifted to the floor that scores hold them at, so that those drawn by are those scored with.

    Raises:
        NotAssessable: an arm is so rare that hardly any draw has enough of it to learn from.
    """
    trial = material.trial
    chance = MINIMUM_PROPENSITY + (1 - MINIMUM_PROPENSITY * trial.arms) * trial.propensity
    bounds = chance.cumsum(axis=1)[:, :-1]
    for _ in range(TRIES):
        arm = (rng.random(len(chance))[:, None] > bounds).sum(axis=1).astype(np.int64)
        if can_be_learned(arm, trial.fold, trial.arms):
            return replace(trial, arm=arm, propensity=chance)
    raise NotAssessable("an arm is too rare to be drawn often enough")
