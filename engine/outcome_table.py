"""The table of the other outcomes: the batch table's shape, one row a patient, arm and outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray
from engine.decision import Decision
from engine.table import ToldRows

FIRST = ("patient_id", "arm")
RANKS = ("rank_lower", "rank_upper", "in_top_set", "recommended")
FORETOLD = ("expected_outcome", "outcome_lower", "outcome_upper")
"""Columns that stay empty: nothing is ranked, and nobody's value is foretold, by an outcome beside the primary one."""


def outcome_table(decision: Decision, table: Mapping[str, Column]) -> dict[str, Column]:
    """Columns of n · A · O rows: each row of the batch table once for each outcome, with that outcome's numbers.

    Effects stand where the primary outcome's do, and so do averages. At the end stand the outcome's unit and how many
    of 100 such patients it comes for, with the ends of its interval. No columns if there is no such outcome.

    Args:
        decision: for n patients, by a policy with O outcomes beside the primary one.
        table: their rows of the batch recommendation table.
    """
    policy, here = decision.policy, decision.others
    if here is None:
        return {}
    told, shown, outcomes = ToldRows(decision), decision.effect_shown, len(policy.secondary)
    rows = outcomes * len(table["arm"])
    averages = np.broadcast_to(policy.secondary_averages, here.told.shape)
    varies = np.array([one.effects.individualised for one in policy.secondary], dtype=np.bool_).T
    everyones = np.broadcast_to(varies, (*shown.shape[:1], *varies.shape))
    individualised = policy.over_arms(everyones, np.False_) & shown[..., None]
    nobody, blank = np.ones(rows, dtype=np.bool_), np.full(rows, np.nan)
    anew = {
        **_interval(told, "effect", "effect", here.told, shown),
        **_interval(told, "average_effect", "average", averages, decision.average_shown),
        "individualised": told.rows(individualised).ravel(),
        **{name: np.ma.masked_array(np.repeat(table[name].data, outcomes), nobody) for name in RANKS},
        **dict.fromkeys(FORETOLD, blank),
        "unit": _tiled([one.outcome.unit for one in policy.secondary], rows),
        **_interval(told, "of_hundred", "of_hundred", 100 * here.shares, shown),
    }
    return {
        "patient_id": np.repeat(table["patient_id"], outcomes),
        "arm": np.repeat(table["arm"], outcomes),
        "outcome": _tiled([one.outcome.name for one in policy.secondary], rows),
        **{
            name: anew[name] if name in anew else np.repeat(table[name], outcomes)
            for name in table
            if name not in FIRST
        },
        **anew,
    }


def _interval(told: ToldRows, name: str, stem: str, values: FloatArray, shown: BoolArray) -> dict[str, Column]:
    """Three columns from (n, O, K, 3) estimates and ends, NaN where (n, A) they are not shown."""
    rows = told.by_row(values.swapaxes(1, 2), shown).reshape(-1, 3)
    return dict(zip((name, f"{stem}_lower", f"{stem}_upper"), rows.T, strict=True))


def _tiled(words: Sequence[str], rows: int) -> Column:
    """What is said of each outcome, row by row."""
    return np.tile(np.array(words, dtype=object), rows // len(words))
