"""A world in which patients leave by how they are faring, which what is known at the start does not tell."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.worlds.ground import (
    ARMS,
    NOISE_SD,
    USUAL_CARE_MEAN,
    draw_covariates,
    ground_protocol,
    propensity,
    records_of,
)
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, draw_arms, expit, generator, of_arm, truth_table

WEEKS = (4.0, 8.0, 12.0)
START_MEAN = 15.0
"""Points before treatment; scores move from there towards what the arm gives, a third of the way every four weeks."""
LASTING = 0.8
"""Share of the noise's variance that is the patient's own for the whole course: scores in between tell of the last."""
LOST = -1.7
"""Log-odds of being lost between two visits, of a patient who is as well as most."""
LOST_BY = (-0.8, 0.9, 0.9, 0.9, 0.9)
"""The same for each five points above what is usual at that visit: under usual care the well leave, in the therapies
those who do not get better; so those who stay flatter the therapies."""


def dropout_by_course(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: smooth effects of SD 1; scores at weeks 4, 8 and 12, of which about two fifths lack the last.

    Missing at random given the course, and not given the start: that is what the world is for. Before week 4 chance
    alone decides. Shapes and sizes are ours; in trials those lost were worse off when last seen, as in Beat the Blues.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    mu, chances = smooth_means(x), propensity(x)
    arm = draw_arms(chances, rng)
    own = NOISE_SD * LASTING**0.5 * rng.normal(size=(n, 1))
    passing = NOISE_SD * (1 - LASTING) ** 0.5 * rng.normal(size=(n, len(WEEKS)))
    way = np.asarray(WEEKS) / WEEKS[-1]
    scores = START_MEAN + way * (of_arm(mu, arm)[:, None] - START_MEAN) + own + passing
    stays = staying(scores, arm)
    gone = rng.random(stays.shape) >= stays
    seen: BoolArray = ~np.logical_or.accumulate(gone, axis=1)
    records = records_of(x, arm, np.where(seen[:, -1], scores[:, -1], np.nan))
    for visit, week in enumerate(WEEKS[:-1]):
        records[f"score_week{week:.0f}"] = np.where(seen[:, visit], scores[:, visit], np.nan)
    records["last_week"] = np.where(seen.any(axis=1), np.asarray(WEEKS)[seen.sum(axis=1) - 1], np.nan)
    protocol = ground_protocol("dropout_by_course") | {
        "censoring": {"last_visit": "last_week", "visits": list(WEEKS), "course": ["score_week4", "score_week8"]}
    }
    return SimulatedWorld(records, protocol, truth_table(ARMS, mu, chances, stays.prod(axis=1), sign=-1))


def staying(scores: FloatArray, arm: IntArray) -> FloatArray:
    """(n, 3) probabilities of being seen at each visit, of those seen before, by scores and the arm received."""
    way = np.asarray(WEEKS) / WEEKS[-1]
    usual = START_MEAN + way * (USUAL_CARE_MEAN - START_MEAN)
    worse = np.hstack([np.zeros((len(arm), 1)), (scores - usual)[:, :-1] / 5])
    return 1 - expit(LOST + np.asarray(LOST_BY)[arm][:, None] * worse)
