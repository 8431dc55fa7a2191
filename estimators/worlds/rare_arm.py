"""A world in which one therapy is rarely given."""

from __future__ import annotations

from estimators.worlds.ground import draw_covariates, ground_world, propensity
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, generator

LOG_ODDS = (0.0, 0.0, 0.0, -2.5, 0.0)
"""Of being given each arm, on top of the ground's: c becomes the rare one."""
MIN_PROPENSITY = 0.004


def rare_arm(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1; about 3 % get arm c, which on average is second best.

    At n = 500 the rare arm has too few episodes to be ranked; at 2,000 it has enough for an average and not for an
    effect that varies. Who picks it out of noise loses.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    return ground_world("rare_arm", x, smooth_means(x), propensity(x, log_odds=LOG_ODDS, floor=MIN_PROPENSITY), rng)
