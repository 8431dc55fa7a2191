"""A world in which who is lost depends strongly on prognosis, and differently in each arm."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.ground import (
    ARMS,
    draw_covariates,
    ground_protocol,
    outcome,
    propensity,
    records_of,
)
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, draw_arms, expit, generator, of_arm, truth_table

LOST = (-1.1, -1.3, -1.3, -1.1, -1.1)
"""Log-odds of being lost in each arm at the mean of the covariates."""
LOST_BY = (
    (-1.2, 0.3, 0.0, 0.0, 0.0, 0.0, -0.3, 0.0, 0.0, 0.0),
    (0.6, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0),
    (0.5, -0.6, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0),
    (1.0, 0.0, 0.6, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.3),
    (1.3, -0.5, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.3, 0.0),
)
"""The same for one unit of each covariate: under usual care the well are lost, in the therapies the severe."""
MIN_OBSERVED = 0.1


def informative_dropout(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1; about 30 % have no outcome, which flatters the therapies.

    Missing at random given covariates and arm, and at least a tenth of any kind of patient is seen. The share is that
    of drug trials (24-26 % at weeks 6-8; Linde et al. 2015, Ann Fam Med 13:69) and somewhat more; how it depends on
    the patient is ours.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    mu, chances = smooth_means(x), propensity(x)
    arm = draw_arms(chances, rng)
    seen = of_arm(observed_chances(x), arm)
    score = np.where(rng.random(n) < seen, outcome(mu, arm, rng), np.nan)
    truth = truth_table(ARMS, mu, chances, seen, sign=-1)
    return SimulatedWorld(records_of(x, arm, score), ground_protocol("informative_dropout"), truth)


def observed_chances(x: FloatArray) -> FloatArray:
    """(n, 10) covariates to the (n, 5) probability of an outcome under each arm."""
    return MIN_OBSERVED + (1 - MIN_OBSERVED) * expit(-(x @ np.transpose(LOST_BY) + LOST))
