"""Outcomes made from the primary one: response, remission, reliable change either way, and dropout.

All but dropout go by the rules of the primary outcome's instrument (`instruments/*.yaml`), on which more points are
worse. They are 1, 0, or not observed: where the score is missing or, for those that compare with it, the baseline.
Dropout is whether the primary outcome was not observed, so it is observed for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from data_contracts.column_checks import instrument_of
from data_contracts.episode import FloatArray
from data_contracts.errors import Problem
from data_contracts.figure import Figure
from data_contracts.instrument import Instrument
from data_contracts.protocol import StudyProtocol
from data_contracts.secondary_outcome import DerivedRole
from data_contracts.tables import Table

NEEDED: Mapping[DerivedRole, str] = {
    "response": "response",
    "remission": "remission",
    "reliable_improvement": "reliable_change",
    "reliable_deterioration": "reliable_change",
}
"""The figure of the instrument that each is derived by; dropout needs none."""

WITHOUT_BASELINE: tuple[DerivedRole, ...] = ("remission", "dropout")


def derive(role: DerivedRole, score: FloatArray, baseline: FloatArray, rule: float) -> FloatArray:
    """(n,) 1 where it holds, 0 where it does not, NaN where it cannot be told.

    Args:
        role: what to derive.
        score: (n,) primary outcome, NaN where it was not observed.
        baseline: (n,) the same measure at the start; read only by those that compare with it.
        rule: the instrument's figure: share of the baseline, cut-off, or points of reliable change.
    """
    if role == "dropout":
        return np.isnan(score).astype(np.float64)
    if role == "remission":
        return _where_known(score < rule, score)
    fall = score * -1 + baseline
    if role == "response":  # of nothing, half is nothing: no response can be told from a baseline of 0
        return _where_known(fall >= rule * baseline, np.where(baseline > 0, fall, np.nan))
    return _where_known((fall if role == "reliable_improvement" else -fall) >= rule, fall)


def with_derived(table: Table, protocol: StudyProtocol) -> Table:
    """The table with a column for each derived outcome that can be derived; ``derived_problems`` names the others."""
    score, baseline = (_numbers(table, name) for name in (protocol.outcome.column, protocol.outcome.baseline))
    if score is None:
        return table
    blind = np.full(table.n, np.nan)
    found: dict[str, FloatArray] = {}
    for role in protocol.derived_outcomes:
        rule = _rule(role, instrument_of(protocol.outcome.column, protocol))
        compares = role not in WITHOUT_BASELINE
        if role == "dropout" or (rule and not (compares and baseline is None)):
            found[role] = derive(role, score, blind if baseline is None else baseline, rule.value if rule else 0.0)
    return replace(table, columns={**table.columns, **found})


def derived_problems(protocol: StudyProtocol) -> Iterator[Problem]:
    """Derived outcomes that the protocol asks for and that cannot be derived, each with the reason."""
    outcome, instrument = protocol.outcome, instrument_of(protocol.outcome.column, protocol)
    by_rule = [role for role in protocol.derived_outcomes if role in NEEDED]
    if not by_rule:
        return
    where = "protocol, derived_outcomes"
    if instrument is None:
        step = f"Name the instrument of {outcome.column} under instruments, or take them out: {', '.join(by_rule)}."
        yield Problem(where, "a primary outcome that is the total of a known instrument", "none", step)
    elif outcome.direction != "lower_is_better":
        step = "Correct outcome.direction."
        yield Problem(where, f"an outcome of which less is better, as on the {instrument.id}", "more is better", step)
    elif lacking := [role for role in by_rule if _rule(role, instrument) is None]:
        expected = f"a rule of the {instrument.id} for each"
        yield Problem(where, expected, f"none for {', '.join(lacking)}", "Take them out of derived_outcomes.")
    comparing = [role for role in by_rule if role not in WITHOUT_BASELINE]
    if comparing and outcome.baseline is None:
        step = f"Name the score at the start as outcome.baseline, or take them out: {', '.join(comparing)}."
        yield Problem(where, "a baseline of the primary outcome", "none", step)


def rules_of(protocol: StudyProtocol) -> dict[str, Figure[float]]:
    """The figure that each derived outcome of a study goes by, with its source and whether that was read."""
    instrument = instrument_of(protocol.outcome.column, protocol)
    found = {role: _rule(role, instrument) for role in protocol.derived_outcomes}
    return {role: Figure[float](**rule.model_dump()) for role, rule in found.items() if rule is not None}


def _rule(role: DerivedRole, instrument: Instrument | None) -> Figure[int] | Figure[float] | None:
    if instrument is None or role not in NEEDED:
        return None
    rule: Figure[int] | Figure[float] | None = getattr(instrument, NEEDED[role])
    return rule


def _numbers(table: Table, name: str | None) -> FloatArray | None:
    column = table.columns.get(name or "")
    return None if column is None or column.dtype == object else column.astype(np.float64)


def _where_known(holds: np.ndarray[tuple[int], np.dtype[np.bool_]], known: FloatArray) -> FloatArray:
    return np.where(np.isnan(known), np.nan, holds.astype(np.float64))
