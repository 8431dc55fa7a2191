"""Random common cause: a covariate of pure noise is adjusted for as well; the estimates should hardly move.

Twice, with the same noise. **In the study as it is** propensities (the calibrated logistic regression) and outcome
regression are learned with and without it; told is how far single draws move the estimate, as a root mean square in
standard errors of the study's own difference.

**In arms that are drawn by the study's own propensities** the regression is learned with and without it. Drawn arms
differ by as much as the estimator says the real ones do, so that there is an effect to be moved.

**Null.** What the noise moves a pair's estimate by in drawn arms has mean 0 over the draws. For a score with these
propensities this is exact in any records and with any regression learned on other folds: with the noise and without,
its expectation is the mean of what the arms' outcomes were made to be.

**Why p is uniform.** Given the records, draws are independent and ours, and their mean is held against their own
scatter, as for the redrawn treatment. Two other yardsticks were too long and too short (decision 37): the scatter of
rows takes changes for independent that the nuisances' own equations make cancel, so that 500 sound studies had a p of
at most 0.05 in 2 %; the scatter of draws in the real arms leaves out what one more column does to every penalty.

**What it finds.** Estimators that hang on accidents of their nuisances, by how far a draw moves them; by p those that
one more column moves to one side, such as effects that are shrunk together with covariates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.refutation import Refuter
from estimators.refutation.largest_t import chances_of_draws
from estimators.refutation.material import Material
from estimators.refutation.redrawn_treatment import arms_drawn
from estimators.refutation.told import told
from estimators.refutation.trial import Trial

NAME = "random_cause"
NULL = "a covariate of pure noise changes no pair's estimate on average, in arms drawn by the study's own propensities"


def random_cause(material: Material) -> Refuter:
    """Add such a covariate, as many times as the material says.

    Raises:
        NotAssessable: an arm is so rare that hardly any draw has enough of it to learn from.
    """
    trial = material.trial.propensities_learned()
    scores = material.estimator(trial).scores
    estimate, means = material.differences(scores), scores.mean(axis=0)
    found, moved = [], []
    for rng in material.generators(NAME):
        noise = rng.standard_normal(len(trial.arm))
        more = material.estimator(_with(trial, noise).propensities_learned()).scores
        moved.append(material.differences(more) - estimate)
        drawn = arms_drawn(material, rng)
        drawn = replace(drawn, outcome=drawn.outcome + means[drawn.arm] - means[trial.arm])
        change = material.estimator(_with(drawn, noise)).scores - material.estimator(drawn).scores
        found.append(material.differences(change))
    draws = np.array(found)
    spread = float((np.sqrt((np.array(moved) ** 2).mean(axis=0)) / material.errors).max())
    return told(NAME, NULL, material, draws, chances_of_draws(draws)).model_copy(update={"spread": spread})


def _with(trial: Trial, noise: FloatArray) -> Trial:
    return replace(trial, covariates=np.column_stack([trial.covariates, noise]))
