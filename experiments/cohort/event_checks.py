"""Checks event tables, all problems at once, by counts and row numbers and never by values."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import ibis

from data_contracts.errors import Problem, rows_text
from data_contracts.event_tables import EVENT_TABLES, WHAT
from data_contracts.instrument_name import instrument_for
from experiments.cohort.event_files import ROW, EventSource, Expression

FIRST_DATE = datetime.date(1900, 1, 1)
"""Earlier dates are those of a default or of a slip, not of a patient in anybody's records."""


def event_problems(source: EventSource, today: datetime.date) -> list[Problem]:
    """Everything that keeps the tables from being used.

    Args:
        source: the tables.
        today: no record is of a later day.
    """
    problems: list[Problem] = []
    for name in EVENT_TABLES:
        problems += _cell_problems(source, name, today)
        problems += _key_problems(source, name)
    problems += _life_problems(source)
    for name in WHAT:
        problems += _patient_problems(source, name)
    return [*problems, *_course_problems(source), *_score_problems(source)]


def _problem(
    source: EventSource, name: str, column: str, told: tuple[str, str, str], found: Expression
) -> Iterator[Problem]:
    """One problem if there are rows of that kind, told as (what was expected, what came, what to do)."""
    # A patient who is there twice would have each event told twice.
    rows = sorted({int(row) for row in source.connection.to_pyarrow(found[[ROW]]).column(ROW).to_pylist()})
    expected, what, step = told
    if rows:
        yield Problem(f"{source.names[name]}, {column}", expected, f"{what} in {rows_text(rows)}", step)


def _cell_problems(source: EventSource, name: str, today: datetime.date) -> Iterator[Problem]:
    raw, table = source.raw[name], source.tables[name]
    both = table if name == "patients" else table.select(ROW, *EVENT_TABLES[name].columns)
    for column, kind in EVENT_TABLES[name].columns.items():
        if column not in raw.columns:
            continue
        if kind.filled:
            told = ("a value in every row", "none", "Fill it, or leave the row out.")
            yield from _problem(source, name, column, told, raw.filter(_empty(raw[column])))
        if kind.kind == "text":
            continue
        what = "dates as YYYY-MM-DD" if kind.kind == "date" else "numbers"
        told = (what, "something else", "Correct the cells.")
        yield from _problem(source, name, column, told, _unread(raw, table, column))
        if kind.kind == "date":
            told = (f"dates from {FIRST_DATE.year} up to today", "an impossible date", "Correct the cells.")
            outside = (both[column] < FIRST_DATE) | (both[column] > today)
            yield from _problem(source, name, column, told, both.filter(outside))
        else:
            told = ("finite numbers", "another", "Correct the cells.")
            yield from _problem(source, name, column, told, both.filter(both[column].isinf() | both[column].isnan()))


def _empty(cell: Expression) -> Expression:
    return cell.isnull() | (cell.cast("string").strip() == "")


def _unread(raw: Expression, table: Expression, column: str) -> Expression:
    """Rows whose cell holds something that is not of its kind."""
    read = table.select(**{ROW: table[ROW], "read_as": table[column]})
    joined = raw.select(**{ROW: raw[ROW], "cell": raw[column]}).join(read, ROW)
    return joined.filter(~_empty(joined.cell) & joined.read_as.isnull())


def _key_problems(source: EventSource, name: str) -> Iterator[Problem]:
    key = EVENT_TABLES[name].key
    table = source.tables[name]
    whole = table.filter(*(table[column].notnull() for column in key))
    order = ibis.window(group_by=[whole[column] for column in key], order_by=whole[ROW])
    numbered = whole.mutate(copy=ibis.row_number().over(order))
    told = ("each once", "the same again", "Drop the copies; of two that differ, keep the right one.")
    yield from _problem(source, name, " and ".join(key), told, numbered.filter(numbered.copy > 0))


def _life_problems(source: EventSource) -> Iterator[Problem]:
    patients = source.tables["patients"]
    step = "Correct the dates."
    told = ("no death before birth", "one", step)
    yield from _problem(
        source, "patients", "death_date", told, patients.filter(patients.death_date < patients.birth_date)
    )
    told = ("no record that begins after death", "one", step)
    late = patients.observed_from > patients.death_date
    yield from _problem(source, "patients", "observed_from", told, patients.filter(late))


def _patient_problems(source: EventSource, name: str) -> Iterator[Problem]:
    """Events of nobody, before birth, or after death."""
    table, day = source.tables[name], EVENT_TABLES[name].day
    mine = table.filter(table.patient_id.notnull())
    patients = source.tables["patients"]
    orphans = mine.anti_join(patients, "patient_id")
    told = ("a patient of the table of patients", "a patient who is not there", "Add the patient, or drop the rows.")
    yield from _problem(source, name, "patient_id", told, orphans)
    lives = patients.select("patient_id", "birth_date", "death_date")
    lived = mine.select(ROW, "patient_id", event_day=mine[day]).join(lives, "patient_id")
    step = "Correct the dates, or drop the rows."
    told = ("no event before birth", "one", step)
    yield from _problem(source, name, str(day), told, lived.filter(lived.event_day < lived.birth_date))
    told = ("no event after death", "one", step)
    yield from _problem(source, name, str(day), told, lived.filter(lived.event_day > lived.death_date))


def _course_problems(source: EventSource) -> Iterator[Problem]:
    """Courses that end before they begin, and courses of one therapy that overlap."""
    table = source.tables["treatments"]
    told = ("no end before the start", "one", "Correct the dates.")
    yield from _problem(source, "treatments", "end_date", told, table.filter(table.end_date < table.start_date))
    same = [table.patient_id, table.therapy]
    order = ibis.window(group_by=same, order_by=[table.start_date, table[ROW]], preceding=(None, 1))
    earlier = table.mutate(ended=table.end_date.max().over(order), started=table.start_date.max().over(order))
    # Two starts on one day are told as copies; a course without an end may have ended at any time.
    overlap = (earlier.start_date <= earlier.ended) & (earlier.start_date != earlier.started)
    told = ("courses of one therapy that follow each other", "one that begins before the last has ended", "Join them.")
    yield from _problem(source, "treatments", "start_date", told, earlier.filter(overlap))


def _score_problems(source: EventSource) -> Iterator[Problem]:
    table = source.tables["measures"]
    names = source.connection.to_pyarrow(table[["measure"]].distinct().order_by("measure")).column("measure")
    for name in names.to_pylist():
        instrument = instrument_for(name) if name else None
        if instrument is None:
            continue
        outside = (table.value < instrument.minimum) | (table.value > instrument.maximum)
        told = (
            f"{instrument.id} scores from {instrument.minimum:g} to {instrument.maximum:g}",
            "a score outside",
            "Correct the cells or drop the rows; check that all are of this instrument.",
        )
        yield from _problem(source, "measures", "value", told, table.filter((table.measure == name) & outside))
