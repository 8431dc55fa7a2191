"""A world in which five of ten covariates are often not recorded."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from estimators.worlds.ground import (
    ARMS,
    COVARIATES,
    draw_covariates,
    ground_protocol,
    outcome,
    propensity,
    records_of,
)
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, draw_arms, expit, generator, truth_table

INCOMPLETE = ("x2", "x4", "x5", "x7", "x8")
UNRECORDED = (-0.97, 0.8, 0.6)
"""Log-odds of a value not being recorded: at the mean, for one unit of x1, for one of x9 about its mean. It comes to
30 % of each incomplete covariate; more of the severe, as where the ill are asked less."""


def missing_covariates(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1; 30 % of x2, x4, x5, x7 and x8 are missing at random given x1 and x9.

    What is not recorded plays no part in the choice of arm (as the value zero), so nothing is confounded by it:
    unconfoundedness despite missing values, Mayer et al. 2020, Ann Appl Stat 14:1409. It does act on the outcome. The
    truth is what can be known of a patient: means and effects given the record, missing values averaged over. As those
    are independent of all that is recorded, have mean zero and enter the means linearly, that is exactly the mean at
    zero.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    blank = _blank(x, rng)
    known = np.where(blank, 0.0, x)
    chances = propensity(known)
    arm = draw_arms(chances, rng)
    records = records_of(np.where(blank, np.nan, x), arm, outcome(smooth_means(x), arm, rng))
    truth = truth_table(ARMS, smooth_means(known), chances, np.ones(n), sign=-1)
    return SimulatedWorld(records, ground_protocol("missing_covariates"), truth)


def _blank(x: FloatArray, rng: np.random.Generator) -> BoolArray:
    """(n, 10) whether each value stays unrecorded."""
    base, per_x1, per_x9 = UNRECORDED
    chance = expit(base + per_x1 * x[:, 0] + per_x9 * (x[:, 8] - 0.5))
    return np.asarray((rng.random(x.shape) < chance[:, None]) & np.isin(COVARIATES, INCOMPLETE), dtype=np.bool_)
