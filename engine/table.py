"""The batch recommendation table: one row a patient and arm, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.recommendation import status_of
from engine.decision import Decision
from engine.reason_codes import REASONS
from engine.ruling import Ruling

STATUS_TEXT = np.array([*(status_of(reason) for reason in REASONS), status_of(None)], dtype=object)
REASON_TEXT = np.array([*(reason.value for reason in REASONS), None], dtype=object)
"""By the code of a reason; ``OPEN`` is the last."""


def recommendation_table(
    patient_id: Column,
    decision: Decision,
    rulings: Sequence[Ruling],
    which: IntArray,
    queries: Column,
    offers: Mapping[str, Column],
) -> dict[str, Column]:
    """The table's columns of n · A rows, patients in their order, each one's arms in the order in which they are told.

    Numbers are NaN where nothing is told, text is None, ranks and yes/no are masked.

    Args:
        patient_id: (n,) identifiers.
        decision: for these n patients.
        rulings: the different things that the safety rules say.
        which: (n,) which of them is whose.
        offers: by column, (n, A) what the patients' sites offer.
        queries: (n,) ids of what contradicts itself in their records, None if nothing.
    """
    policy, arms, told = decision.policy, len(decision.policy.manifest.arms), ToldRows(decision)
    unranked, ranking = ~decision.rank_shown, decision.ranking
    names = np.array([arm.name for arm in policy.manifest.arms], dtype=object)
    reason = told.rows(decision.reason)
    averages = np.broadcast_to(policy.average_intervals, decision.effect.shape)
    varies = np.broadcast_to(policy.effects.individualised, ranking.in_top_set.shape)
    held_back = np.broadcast_to(decision.held_back[:, None], decision.reason.shape)
    return {
        "patient_id": np.repeat(patient_id, arms),
        "arm": names[decision.order.ravel()],
        "status": STATUS_TEXT[reason],
        "reason": REASON_TEXT[reason],
        **told.interval("effect", "effect", decision.effect, decision.effect_shown),
        **told.interval("average_effect", "average", averages, decision.average_shown),
        "individualised": told.rows(policy.over_arms(varies, np.False_) & decision.offered),
        "rank_lower": told.masked(policy.over_arms(ranking.lower, np.int64(0)), unranked),
        "rank_upper": told.masked(policy.over_arms(ranking.upper, np.int64(0)), unranked),
        "in_top_set": told.masked(policy.over_arms(ranking.in_top_set, np.False_), unranked),
        "recommended": told.masked(decision.recommended, held_back),
        "safety": np.repeat(_texts([ruling.safety.level for ruling in rulings])[which], arms),
        **told.interval("expected_outcome", "outcome", decision.expected, decision.offered),
        **{name: np.repeat(_texts(texts)[which], arms) for name, texts in _of_patients(rulings).items()},
        "safety_flags": told.rows(_by_arm([ruling.flags for ruling in rulings])[which]),
        "check_first": told.rows(_by_arm([ruling.check_first for ruling in rulings])[which]),
        "data_queries": np.repeat(queries, arms),
        **{name: told.rows(column) for name, column in offers.items()},
    }


def _texts(values: Sequence[str | None]) -> Column:
    return np.array(values, dtype=object)


def _of_patients(rulings: Sequence[Ruling]) -> dict[str, list[str | None]]:
    """What rules say of a patient and of no arm: ids of those that fired, and the facts that are asked for first."""
    findings = [[one for one in ruling.safety.findings if not one.arms] for ruling in rulings]
    flags = [[one.rule for one in found if not one.missing] for found in findings]
    asks = [list(dict.fromkeys(fact for one in found for fact in one.missing)) for found in findings]
    return {"patient_flags": list(map(_joined, flags)), "patient_asks": list(map(_joined, asks))}


def _joined(things: Sequence[str]) -> str | None:
    return "; ".join(things) or None


def _by_arm(said: Sequence[Sequence[Sequence[str]]]) -> Column:
    """(rulings, A) what is said of each arm, parted by semicolons, None if nothing."""
    return np.stack([_texts([_joined(things) for things in arms]) for arms in said])


class ToldRows:
    """Puts (n, A) values into the rows of a table."""

    def __init__(self, decision: Decision) -> None:
        """Take the order in which each patient's arms are told."""
        n, arms = decision.order.shape
        self._at = (decision.order + arms * np.arange(n)[:, None]).ravel()
        self._policy = decision.policy

    def rows(self, values: Column) -> Column:
        """(n, A, ...) values as (n · A, ...)."""
        return np.asarray(values.reshape(-1, *values.shape[2:]).take(self._at, axis=0))

    def masked(self, values: Column, empty: BoolArray) -> Column:
        """The same, masked where nothing is told."""
        return np.ma.masked_array(self.rows(values), self.rows(empty))

    def interval(self, name: str, stem: str, values: FloatArray, shown: BoolArray) -> dict[str, Column]:
        """Three columns from (n, K, 3) estimates and ends, NaN where they are not shown."""
        rows = self.by_row(values, shown)
        return dict(zip((name, f"{stem}_lower", f"{stem}_upper"), rows.T, strict=True))

    def by_row(self, values: FloatArray, shown: BoolArray) -> FloatArray:
        """(n, K, ...) numbers as (n · A, ...), NaN where (n, A) they are not shown."""
        rows = self.rows(self._policy.over_arms(values, np.float64(np.nan)))
        rows[~self.rows(shown)] = np.nan
        return rows
