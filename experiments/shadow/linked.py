"""Puts what was advised beside what was chosen: for each episode the last card before its therapy began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import numpy as np

from data_contracts.errors import BadInput, Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import Table
from experiments.shadow.log import AdviceLog

ADVISED = "equipoise_advised"
"""Column of the arm that was advised, None where none was."""

APART = "equipoise_apart"
"""Column of why an episode has no advice to be judged, None where it has."""

HOLDS_DAYS = 28
"""An answer of the service holds no longer, so an older card says nothing of a choice."""

NO_CARD, TOO_OLD = "no card before the start", f"the last card was older than {HOLDS_DAYS} days"


def with_advice(table: Table, protocol: StudyProtocol, log: AdviceLog) -> tuple[Table, StudyProtocol]:
    """The table of episodes with both columns, and the protocol that carries them along.

    Args:
        table: one row an episode.
        protocol: of the table; without `records.time` a patient's last card counts, whenever it was made.
        log: what was advised.

    Raises:
        BadInput: a start of treatment is no date.
    """
    patients = table.columns.get(protocol.records.patient_id)
    if patients is None:  # the table's own check tells so
        return table, protocol
    starts = _starts(table, protocol)
    linked = [_linked(log, str(patient).strip(), day) for patient, day in zip(patients, starts, strict=True)]
    advised, apart = (np.array([one[i] for one in linked], dtype=object) for i in (0, 1))
    columns = {**table.columns, ADVISED: advised, APART: apart}
    return replace(table, columns=columns), protocol.model_copy(update={"groups": (*protocol.groups, ADVISED, APART)})


def _linked(log: AdviceLog, patient: str, start: date | None) -> tuple[str | None, str | None]:
    """The arm advised, or why there is none."""
    cards = log.cards.get(patient, ())
    if start is not None:
        cards = [one for one in cards if one.at.date() <= start]
    if not cards:
        return None, NO_CARD
    last = cards[-1]
    if start is not None and (start - last.at.date()).days > HOLDS_DAYS:
        return None, TOO_OLD
    return last.advised, last.apart


def _starts(table: Table, protocol: StudyProtocol) -> list[date | None]:
    name = protocol.records.time
    if name is None or name not in table.columns:
        return [None] * table.n
    found = list(_days(table.columns[name].tolist()))
    if wrong := table.rows.told(np.array([one is None for one in found])):
        step = "Write starts as 2026-06-01, or leave records.time out of the protocol."
        raise BadInput(
            [Problem(f"{table.source}, {name}", "the day of each start", f"something else in {wrong}", step)]
        )
    return found


def _days(values: list[object]) -> Iterator[date | None]:
    for value in values:
        try:
            yield datetime.fromisoformat(str(value)).date()
        except ValueError:
            yield None
