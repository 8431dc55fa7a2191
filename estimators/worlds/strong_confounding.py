"""A world in which the arms go to very different patients."""

from __future__ import annotations

from estimators.worlds.ground import draw_covariates, ground_world, propensity
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, generator

STRENGTH = 2.5
"""Log-odds of an arm as a multiple of the ground's: 2.25 between arm d and usual care for one SD of severity. A
logistic model of antidepressant use on real survey records has AUC 0.75 (our fit, see ``clinic_practice``); here the
same for arm d against usual care is above 0.9."""
MIN_PROPENSITY = 0.02


def strong_confounding(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1, and a choice so driven by prognosis that raw means reverse the order.

    Every arm is still possible for everybody (2 %), so what the records hold is enough, if hard.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    chances = propensity(x, strength=STRENGTH, floor=MIN_PROPENSITY)
    return ground_world("strong_confounding", x, smooth_means(x), chances, rng)
