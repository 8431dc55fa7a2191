"""A world in which therapies differ, but not by patient: individual advice can only lose."""

from __future__ import annotations

import numpy as np

from estimators.worlds.ground import draw_covariates, ground_world, prognosis, propensity
from estimators.worlds.world import SimulatedWorld, generator

AVERAGE = (0.0, 1.1, 1.8, 2.3, 3.5)
"""Benefit of each arm for everybody, points: unguided and guided iCBT, CBT, CBT with a drug, each a trial's effect
times 0.8 (1.4, 2.2, 2.9 and 4.4; sources in ``clinic_effects``, the first as in Karyotaki et al. 2021, JAMA Psychiatry
78:361: guided better than unguided by 0.8)."""


def constant(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: a confounded choice, constant unequal effects, one arm best for all.

    In trials of drug and of psychotherapy the variance under treatment is no larger than under control, as if effects
    were constant (Munkholm et al. 2020, PLoS ONE 15:e0237950).
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    return ground_world("constant", x, prognosis(x)[:, None] - np.asarray(AVERAGE), propensity(x), rng)
