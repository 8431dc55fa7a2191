"""A world in which four therapies are all equally better than usual care: there is nothing to choose between them."""

from __future__ import annotations

import numpy as np

from estimators.worlds.ground import draw_covariates, ground_world, prognosis, propensity
from estimators.worlds.world import SimulatedWorld, generator

AVERAGE = (0.0, 2.3, 2.3, 2.3, 2.3)
"""Benefit of each arm for everybody, points: CBT in a service (2.9 x 0.8, as in ``clinic_effects``). That active
treatments differ little on average: Barth et al. 2013, PLoS Med 10:e1001454."""


def equal(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: a confounded choice, one and the same constant effect of every therapy but the reference.

    Whoever ranks one active arm over another here has invented the difference; an honest top set holds all four.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    return ground_world("equal", x, prognosis(x)[:, None] - np.asarray(AVERAGE), propensity(x), rng)
