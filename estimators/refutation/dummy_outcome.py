"""Dummy outcome: made of the covariates and drawn residuals alone, so that no arm can have moved it.

What the covariates say of the real outcome (a ridge regression with one slope for all arms, without the arms'
intercepts), plus the study's own residuals, drawn with replacement, one for each cluster. The real arms stay: whoever
chose an arm is as ill or as well as in the records.

**Null.** Given the covariates, no pair differs in it, and the estimator, its propensities and regression included,
says so up to its own sampling error.

**Why p is uniform.** Scores are averaged over the draws, row by row. The mean of these averages in a pair is an
estimate of 0 whose sampling error, real arms included, is that of a mean of rows (clustered); the largest |t| over
pairs is held against that of jointly normal ones. It is so for large records, as an error that the regression and the
propensities make together is small beside it; in 500 null studies of 1,000 it was (docs/benchmarks.md).

**What it finds.** Scores that do not take confounding by the covariates away, be it that the propensities ignore it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.refutation import Refuter
from estimators.outcome_models import StagedRidge
from estimators.refutation.largest_t import chances_of_rows
from estimators.refutation.material import Material
from estimators.refutation.told import told
from estimators.refutation.trial import Trial, linear

NAME = "dummy_outcome"
NULL = "an outcome made of covariates and chance alone owes nothing to an arm: no pair differs beyond sampling error"


def dummy_outcome(material: Material) -> Refuter:
    """Make such outcomes, as many times as the material says."""
    trial = material.trial
    signal, residual = prognosis(trial), material.residual - material.residual.mean()
    found, total = [], np.zeros_like(trial.propensity)
    for rng in material.generators(NAME):
        made = replace(trial, outcome=signal + material.by_cluster(rng, residual))
        scores = material.estimator(made).scores
        total += scores
        found.append(material.differences(scores))
    average = total / material.draws
    chance = chances_of_rows(material.each(average), material.cluster)
    return told(NAME, NULL, material, np.array(found), chance)


def prognosis(trial: Trial) -> FloatArray:
    """(n,) what the covariates say of the outcome, the same whatever the arm."""
    covariates = linear(trial.covariates)
    model = StagedRidge(covariates, trial.arm, trial.arms, stages=[(0, "shared")])
    return model.fit(trial.outcome).predict(covariates)[:, 0]
