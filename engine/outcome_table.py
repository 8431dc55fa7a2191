"""The table of the other outcomes: the batch table's shape, one row a patient, arm and outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray
from engine.decision import Decision
from engine.table import ToldRows

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
    effects, shares = here.told, here.shares
    pieces = [_of_outcome(decision, table, i, effects[:, i], shares[:, i]) for i in range(len(policy.secondary))]
    return {name: _interleaved([piece[name] for piece in pieces]) for name in pieces[0]}


def _of_outcome(
    decision: Decision, table: Mapping[str, Column], i: int, effects: FloatArray, shares: FloatArray
) -> dict[str, Column]:
    """The table of one outcome, from its (n, K, 3) effects and shares."""
    policy, told, rows = decision.policy, ToldRows(decision), len(table["arm"])
    one, shown = policy.secondary[i], decision.effect_shown
    averages = np.broadcast_to(policy.secondary_averages[i], effects.shape)
    varies: BoolArray = np.broadcast_to(one.effects.individualised, effects.shape[:2])
    nobody, blank = np.ones(rows, dtype=np.bool_), np.full(rows, np.nan)
    return {
        "patient_id": table["patient_id"],
        "arm": table["arm"],
        "outcome": np.full(rows, one.outcome.name, dtype=object),
        **{name: column for name, column in table.items() if name not in ("patient_id", "arm")},
        **told.interval("effect", "effect", effects, shown),
        **told.interval("average_effect", "average", averages, decision.average_shown),
        "individualised": told.rows(policy.over_arms(varies, np.False_) & shown),
        **{name: np.ma.masked_array(table[name], nobody) for name in RANKS},
        **dict.fromkeys(FORETOLD, blank),
        "unit": np.full(rows, one.outcome.unit, dtype=object),
        **told.interval("of_hundred", "of_hundred", 100 * shares, shown),
    }


def _interleaved(columns: Sequence[Column]) -> Column:
    """Row by row one of each column."""
    if isinstance(columns[0], np.ma.MaskedArray):
        whole = np.ma.masked_array(
            np.stack(columns, axis=1), np.stack([np.ma.getmaskarray(c) for c in columns], axis=1)
        )
        return whole.ravel()
    return np.stack(columns, axis=1).ravel()
