"""A world of steps, bands and interactions: what trees find and smooth models miss."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.ground import USUAL_CARE_MEAN, draw_covariates, ground_world, propensity
from estimators.worlds.smooth import AVERAGE
from estimators.worlds.world import SimulatedWorld, generator

SPREAD = 1.5
"""SD of each arm's effect, points; that of the kinder smooth worlds, as half of a rough effect is out of reach."""
UPPER_30 = 0.5244
"""A standard normal variable is above this in 30 of 100."""
MIDDLE_50 = 0.6745
"""A standard normal variable lies within this of zero in 50 of 100."""


def rough(n: int, seed: int, *, spread: float = SPREAD) -> SimulatedWorld:
    """Draw n patients: prognosis, choice and effects are steps in the covariates, alone and together.

    In the manner of the step and interaction surfaces of Dorie et al. 2019, Stat Sci 34:43 (ACIC 2016); shapes and
    sizes are ours.

    Args:
        n: patients.
        seed: of everything random.
        spread: SD over patients of each arm's effect, points, exact under the covariates' law.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    mu = _prognosis(x)[:, None] - np.asarray(AVERAGE) - spread * _deviations(x)
    return ground_world("rough", x, mu, propensity(np.where(x > 0, 1.0, -1.0)), rng)


def _prognosis(x: FloatArray) -> FloatArray:
    """(n, 10) covariates to (n,) expected points after usual care."""
    course = USUAL_CARE_MEAN + 2.5 * (x[:, 0] > UPPER_30) - 1.5 * (x[:, 1] > 0) * (x[:, 2] > 0)
    course += 2.0 * (x[:, 2] > 1) + 1.2 * (x[:, 4] > 0) * x[:, 8] - 1.5 * (x[:, 6] < -UPPER_30)
    return np.asarray(course, dtype=np.float64)


def _deviations(x: FloatArray) -> FloatArray:
    """(n, 10) covariates to (n, 5) deviations from each arm's average, of mean 0 and variance 1.

    A step that is on in a share p of patients, less p, has variance p(1 - p); independent terms add up.
    """
    x1, x2, x3, x4 = x[:, 0], x[:, 1], x[:, 2], x[:, 3]
    step = ((x1 > UPPER_30) - 0.3) / np.sqrt(0.21)
    either = np.where((x1 > 0) == (x2 > 0), -1.0, 1.0)
    band = ((np.abs(x3) < MIDDLE_50) - 0.5) / 0.5
    both = ((x2 > 0) * (x4 > 0) - 0.25) / np.sqrt(3 / 16)
    late = ((x3 > UPPER_30) - 0.3) / np.sqrt(0.21)
    return np.stack([np.zeros(len(x)), step, either, (band + step) / np.sqrt(2), (both - late) / np.sqrt(2)], axis=1)
