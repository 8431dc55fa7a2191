"""Whether outcome ranges hold the outcomes of fresh patients, whoever got the arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.protocol import StudyProtocol
from data_contracts.support import SUPPORTED, probability_of
from estimators.learn import Learned
from estimators.worlds import simulate
from experiments.benchmark_fresh import FRESH_SEED, Fresh

FIFTHS = 5

ROUNDING = 1e-9
"""Outcome units by which a recorded outcome may lie outside."""


@dataclass(frozen=True)
class FollowedUp:
    """What became of the fresh patients of ``draw_fresh``, benefit scale.

    Attributes:
        arm: (m,) codes; -1 for an arm that the study does not rank.
        outcome: (m,) with NaN where it was not observed.
        propensity: (m, K) true probabilities of each arm.
        observed: (m,) true probability that the outcome is observed.
    """

    arm: IntArray
    outcome: FloatArray
    propensity: FloatArray
    observed: FloatArray


def draw_followed_up(
    world: str, seed: int, patients: int, arms: tuple[str, ...], protocol: StudyProtocol
) -> FollowedUp:
    """The same draw as the fresh patients'."""
    drawn = simulate(world, patients, seed + FRESH_SEED)
    codes = drawn.records[protocol.records.arm].map({arm: k for k, arm in enumerate(arms)}).fillna(-1)
    return FollowedUp(
        arm=np.asarray(codes, dtype=np.int64),
        outcome=protocol.outcome.sign * drawn.records[protocol.outcome.column].to_numpy(dtype=np.float64),
        propensity=np.stack([drawn.truth[f"propensity_{arm}"].to_numpy(dtype=np.float64) for arm in arms], axis=1),
        observed=drawn.truth["observed_probability"].to_numpy(dtype=np.float64),
    )


def range_figures(learned: Learned, fresh: Fresh, seen: FollowedUp, confidence: float) -> dict[str, float]:
    """Coverage of the ranges, mean over arms: among all whom a range is told, and in each fifth of the propensity.

    Each outcome stands for everybody by one over its true probability. ``outcome_range_told`` is the share of
    supported pairs with a range, ``outcome_width`` the mean width of those before the instrument's ends cut it.
    """
    log_odds = learned.support.log_odds(fresh.covariates)
    expected = learned.expected[0] + fresh.covariates @ learned.expected[1:]
    expected = expected[:, None] + learned.served.over(fresh.terms)
    lower, upper = learned.ranges.of(expected, fresh.covariates, probability_of(log_odds), confidence)
    offered = fresh.supported & (learned.support.verdicts(fresh.covariates) == SUPPORTED)
    told = offered & ~np.isnan(lower)
    held = (seen.outcome[:, None] >= lower - ROUNDING) & (seen.outcome[:, None] <= upper + ROUNDING)
    by_arm = [_coverage(held[:, k], told[:, k], seen, k) for k in range(told.shape[1]) if told[:, k].any()]
    overall, *fifths = np.nanmean(by_arm, axis=0).tolist()
    return {
        "outcome_coverage": overall,
        **{f"outcome_coverage.fifth.{i + 1}": found for i, found in enumerate(fifths)},
        "outcome_range_told": float(told[offered].mean()),
        "outcome_width": float((upper - lower)[told].mean()),
    }


def _coverage(held: BoolArray, told: BoolArray, seen: FollowedUp, k: int) -> list[float]:
    """Coverage of one arm's range, overall and in each fifth of its true propensity; NaN where nobody got it."""
    rows = np.flatnonzero(told)
    fifths = np.array_split(rows[np.argsort(seen.propensity[rows, k], kind="stable")], FIFTHS)
    found = []
    for part in (rows, *fifths):
        got = part[(seen.arm[part] == k) & ~np.isnan(seen.outcome[part])]
        weight = 1 / (seen.propensity[got, k] * seen.observed[got])
        found.append(float(weight @ held[got] / weight.sum()) if len(got) else float("nan"))
    return found
