"""The result of a fit: what was learned, how it was judged, and its summary as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from data_contracts.effects import AverageEffects
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes
from data_contracts.fairness import Fairness
from data_contracts.gate import Gate, in_state
from data_contracts.identification import Identification
from data_contracts.protocol import Outcome, StudyProtocol
from data_contracts.rank_sets import rank_sets
from data_contracts.refutation import Refutation
from data_contracts.sensitivity import Sensitivity
from data_contracts.site_value import SiteValues
from data_contracts.systematic_error import SystematicError
from data_contracts.withdrawn_pair import WithdrawnPair, is_withdrawn
from estimators.cross_fitting import CrossFitted
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
        withdrawn: pairs of arms that cannot be compared; nothing of them is told.
        identification: what the protocol's causal graph says; None if it names none.
        sensitivity: what the order of arms withstands; None where that was not looked at.
        sites: what advice is worth at sites that it was learned without.
        fairness: how results hold in each group; None where that was not looked at.
        refutation: what the estimator says where the truth is known to be nothing; None where it was not asked.
    """

    protocol: StudyProtocol
    episodes: Episodes
    learned: Learned
    diagnostics: Diagnostics
    gates: tuple[Gate, ...]
    withdrawn: tuple[WithdrawnPair, ...] = ()
    identification: Identification | None = None
    sensitivity: Sensitivity | None = None
    sites: SiteValues = field(default_factory=SiteValues)
    fairness: Fairness | None = None
    refutation: Refutation | None = None

    @property
    def propensity(self) -> CrossFitted:
        """Held-out propensities."""
        return self.learned.propensity

    @property
    def encoding(self) -> Encoding:
        """How covariates are put into numbers."""
        return self.learned.encoding

    @property
    def systematic_errors(self) -> tuple[SystematicError, ...]:
        """By negative controls, an arm each."""
        return self.learned.systematic_errors

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


def pair_contrasts(
    averages: AverageEffects, arms: tuple[str, ...], z: float, withdrawn: Sequence[WithdrawnPair] = ()
) -> list[PairContrast]:
    """All pairs of arms that were not withdrawn, the later arm over the earlier one."""
    found = []
    for i, j in combinations(range(len(arms)), 2):
        if is_withdrawn(withdrawn, arms[i], arms[j]):
            continue
        estimate = float(averages.effects[j] - averages.effects[i])
        cov = averages.covariance
        error = float(np.sqrt(max(cov[i, i] + cov[j, j] - 2 * cov[i, j], 0.0)))
        wide = averages.critical_value * error
        ends = (estimate - z * error, estimate + z * error, estimate - wide, estimate + wide)
        found.append(PairContrast(arms[j], arms[i], estimate, error, *ends))
    return found


def average_ranks(
    averages: AverageEffects, arms: tuple[str, ...], confidence: float, withdrawn: Sequence[WithdrawnPair] = ()
) -> dict[str, dict[str, Any]]:
    """Rank sets of the average effects by arm; withdrawn pairs are not ranked against each other."""
    never = np.array([[is_withdrawn(withdrawn, one, other) for other in arms] for one in arms])
    sets = rank_sets(averages.effects, averages.covariance, confidence, never)
    return {
        arm: {"rank_lower": int(low), "rank_upper": int(high), "in_top_set": bool(top)}
        for arm, low, high, top in zip(arms, sets.lower, sets.upper, sets.in_top_set, strict=True)
    }


def outcomes_of(result: StudyResult) -> list[tuple[Outcome, AverageEffects]]:
    """Each outcome with its average effects, the primary first."""
    outcomes = result.episodes.kept(result.protocol.outcomes)
    return [(outcome, result.learned.averages[outcome.column]) for outcome in outcomes]
