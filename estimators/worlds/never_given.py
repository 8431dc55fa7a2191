"""A world in which some patients are never given one of the therapies, and would be harmed by it."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from estimators.worlds.ground import ARMS, draw_covariates, ground_protocol, outcome, propensity, records_of
from estimators.worlds.smooth import AVERAGE, smooth_means
from estimators.worlds.world import SimulatedWorld, draw_arms, generator, truth_table

ARM = "d"
LIMIT = 0.8416
"""Above this value of x1, a fifth of patients, the arm is never given."""
GROWTH = 1.0
"""Benefit of the arm that each unit of x1 brings below the limit, points: it lures into extrapolating."""
HARM = 2.0
"""Points by which the arm is worse than usual care above the limit."""


def never_given(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1, but arm d, better and better towards the limit, is harmful beyond it.

    Clinicians know that and never give it there: its propensity is exactly 0, the truth marks those patients in
    ``unsupported_d``, and no record can tell. The only right answer for them is to abstain on d.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    barred = x[:, 0] > LIMIT
    chances, mu = _chances(x, barred), _means(x, barred)
    arm = draw_arms(chances, rng)
    records = records_of(x, arm, outcome(mu, arm, rng))
    truth = truth_table(ARMS, mu, chances, np.ones(n), sign=-1, unsupported={ARM: barred})
    return SimulatedWorld(records, ground_protocol("never_given"), truth)


def _chances(x: FloatArray, barred: BoolArray) -> FloatArray:
    """(n, 5) propensities: the barred arm's share goes to the others in proportion."""
    chances = propensity(x)
    chances[barred, ARMS.index(ARM)] = 0.0
    return np.asarray(chances / chances.sum(axis=1, keepdims=True), dtype=np.float64)


def _means(x: FloatArray, barred: BoolArray) -> FloatArray:
    """(n, 5) expected scores."""
    mu, code = smooth_means(x), ARMS.index(ARM)
    benefit = np.where(barred, -HARM, AVERAGE[code] + GROWTH * x[:, 0])
    mu[:, code] = mu[:, 0] - benefit
    return mu
