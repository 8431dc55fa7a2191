"""What event tables hold: one row a patient, a start of treatment, a measurement, or anything else with a date.

A folder has one file for each, ``patients.csv`` or ``patients.parquet`` and so on. Dates are whole days. Further
columns are left alone, except in ``patients``: there they are what does not change (sex, site), for protocols to name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["text", "date", "number"]


@dataclass(frozen=True)
class EventColumn:
    """One column of an event table.

    Attributes:
        kind: what its cells hold.
        filled: whether every row has a value.
        there: whether the column has to be there at all.
    """

    kind: Kind
    filled: bool = True
    there: bool = True


@dataclass(frozen=True)
class EventTable:
    """One event table.

    Attributes:
        columns: by name.
        key: what is the same in no two rows.
        day: the column with the date of the event; None for patients.
        there: whether the table has to be there; without it there were no such events.
    """

    columns: Mapping[str, EventColumn]
    key: tuple[str, ...]
    day: str | None = None
    there: bool = True


_TEXT, _DATE = EventColumn("text"), EventColumn("date")

EVENT_TABLES: Mapping[str, EventTable] = MappingProxyType(
    {
        "patients": EventTable(
            {
                "patient_id": _TEXT,
                "birth_date": _DATE,
                "observed_from": _DATE,
                "death_date": EventColumn("date", filled=False, there=False),
            },
            key=("patient_id",),
        ),
        "treatments": EventTable(
            {
                "patient_id": _TEXT,
                "therapy": _TEXT,
                "start_date": _DATE,
                "end_date": EventColumn("date", filled=False, there=False),
            },
            key=("patient_id", "therapy", "start_date"),
            day="start_date",
        ),
        "measures": EventTable(
            {
                "patient_id": _TEXT,
                "measure": _TEXT,
                "date": _DATE,
                "value": EventColumn("number"),
                "unit": EventColumn("text", filled=False, there=False),
            },
            key=("patient_id", "measure", "date"),
            day="date",
        ),
        "events": EventTable(
            {"patient_id": _TEXT, "event": _TEXT, "date": _DATE},
            key=("patient_id", "event", "date"),
            day="date",
            there=False,
        ),
    }
)
"""The event tables by name.

``patients.observed_from`` is the day from which on the records would show what happened to the patient: what is not on
record after it did not happen, what is not on record before it is unknown. ``treatments.end_date`` is the last day of
a course; where it is empty, the course counts as still running. ``measures`` has one value a patient, measure and day;
``measures.unit``, where it is told, is the same in all rows of a measure.
"""

WHAT: Mapping[str, str] = {"treatments": "therapy", "measures": "measure", "events": "event"}
"""The column of each event table that says what happened."""
