"""A world in which something nobody wrote down drives both the choice of therapy and the outcome."""

from __future__ import annotations

import numpy as np

from estimators.worlds.ground import ARMS, draw_covariates, ground_protocol, outcome, propensity, records_of
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, draw_arms, generator, truth_table

LEANING = (-0.5, 0.0, 0.0, 0.5, 0.8)
"""Log-odds of each arm that the cause adds where it is 1, and takes away where it is -1."""
POINTS = 1.5
"""Points of outcome that it adds or takes away, whatever the arm: about as much as severity (2.0 for one SD)."""


def hidden_confounder(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1 and an unrecorded cause, 1 in half of patients and -1 in the others.

    The cause makes all patients fare worse and leads to arms c and d, which therefore look worse than they are to
    everyone who has only the records, by about a point. No method can find the truth here; a good one says so. The
    truth's propensities are those given the records, exactly the mean over both values of the cause; its means are
    those given the cause too. Effects do not depend on it.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    cause = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    with_it, without = (propensity(x, log_odds=sign * np.asarray(LEANING)) for sign in (1.0, -1.0))
    mu = smooth_means(x) + POINTS * cause[:, None]
    arm = draw_arms(np.where(cause[:, None] > 0, with_it, without), rng)
    records = records_of(x, arm, outcome(mu, arm, rng))
    truth = truth_table(ARMS, mu, (with_it + without) / 2, np.ones(n), sign=-1, hidden={"cause": cause})
    return SimulatedWorld(records, ground_protocol("hidden_confounder"), truth)
