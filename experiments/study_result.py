"""The result of a fit: what was learned, how it was judged, and its summary as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from data_contracts.effects import AverageEffects
from data_contracts.episode import Episodes
from data_contracts.gate import Gate, in_state
from data_contracts.protocol import Outcome, StudyProtocol
from data_contracts.rank_sets import rank_sets
from estimators.learn import Learned
from experiments.diagnostics import Diagnostics


@dataclass(frozen=True)
class StudyResult:
    """A study after fitting.

    Attributes:
        protocol, episodes: what was asked and of whom.
        learned: everything that was learned.
        diagnostics: what can be judged without looking at effects.
        gates: pass marks and what came.
    """

    protocol: StudyProtocol
    episodes: Episodes
    learned: Learned
    diagnostics: Diagnostics
    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        """Whether no gate failed; those waived, unearned or not assessed did not pass, but do not stand in the way."""
        return not in_state(self.gates, "failed")


@dataclass(frozen=True)
class PairContrast:
    """Average benefit of one arm over another with pointwise and simultaneous intervals, outcome units."""

    arm: str
    over: str
    estimate: float
    standard_error: float
    lower: float
    upper: float
    simultaneous_lower: float
    simultaneous_upper: float


def pair_contrasts(averages: AverageEffects, arms: tuple[str, ...], z: float) -> list[PairContrast]:
    """All pairs of arms, the later arm over the earlier one."""
    found = []
    for i, j in combinations(range(len(arms)), 2):
        estimate = float(averages.effects[j] - averages.effects[i])
        cov = averages.covariance
        error = float(np.sqrt(max(cov[i, i] + cov[j, j] - 2 * cov[i, j], 0.0)))
        wide = averages.critical_value * error
        ends = (estimate - z * error, estimate + z * error, estimate - wide, estimate + wide)
        found.append(PairContrast(arms[j], arms[i], estimate, error, *ends))
    return found


def average_ranks(averages: AverageEffects, arms: tuple[str, ...], confidence: float) -> dict[str, dict[str, Any]]:
    """Rank sets of the average effects by arm."""
    sets = rank_sets(averages.effects, averages.covariance, confidence)
    return {
        arm: {"rank_lower": int(low), "rank_upper": int(high), "in_top_set": bool(top)}
        for arm, low, high, top in zip(arms, sets.lower, sets.upper, sets.in_top_set, strict=True)
    }


def outcomes_of(result: StudyResult) -> list[tuple[Outcome, AverageEffects]]:
    """Each outcome with its average effects, the primary first."""
    outcomes = result.episodes.kept(result.protocol.outcomes)
    return [(outcome, result.learned.averages[outcome.column]) for outcome in outcomes]
