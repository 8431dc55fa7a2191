"""Checks event tables, all problems at once, by counts and row numbers and never by values."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any, TypeAlias

import ibis

from data_contracts.cleaning import Cleaning
from data_contracts.errors import Problem, rows_text
from data_contracts.event_tables import EVENT_TABLES, WHAT
from data_contracts.instrument_name import instrument_for
from experiments.cohort.cleaning import ranges
from experiments.cohort.event_source import FILE, ROW, UNREAD, EventSource, Expression
from experiments.cohort.fixed import contradicted
from experiments.cohort.joins import having, lacking

FIRST_DATE = datetime.date(1900, 1, 1)
"""Earlier dates are those of a default or of a slip, not of a patient in anybody's records."""

SAME_AGAIN = (
    "Drop the copies; of two that differ, keep the right one. Or say in the protocol's cleaning which counts (copies, "
    "of_a_day)."
)
EMPTY = "Fill it, or leave the row out; the protocol's cleaning can do that (empty)."
STRAYS = "; the protocol's cleaning can do that (strays)"
OUTSIDE = ", as the protocol's cleaning can (out_of_range)"
JOIN = "Join them, or let the protocol's cleaning do it (overlaps)."
CONVERT = "Convert the values to one unit, or let the protocol's cleaning do it (units)."
"""What to do, and the rule of the protocol that does it; the records' own system is the better place."""

PERCENT = ("%", "percent", "8554")
"""Percent as written, and as OMOP's concept (recalled)."""


def event_problems(
    source: EventSource,
    today: datetime.date,
    rules: Cleaning = Cleaning(),  # noqa: B008 - frozen
) -> list[Problem]:
    """Everything that keeps the tables from being used.

    Args:
        source: the tables.
        today: no record is of a later day.
        rules: the protocol's, which may say what range a measure has.
    """
    problems = list(source.problems)
    for name in EVENT_TABLES:
        problems += _cell_problems(source, name, today)
        problems += _key_problems(source, name)
    problems += [*_life_problems(source), *_fixed_problems(source), *_code_problems(source)]
    for name in WHAT:
        problems += _patient_problems(source, name)
    return [*problems, *_course_problems(source), *_score_problems(source), *_range_problems(source, rules)]


Told: TypeAlias = tuple[str, str, str]
"""What was expected, what came, what to do."""


def _problem(source: EventSource, column: str, told: Told, found: Expression) -> Iterator[Problem]:
    """One problem if there are rows of that kind."""
    yield from _of_rows(source, column, told, _rows(source.connection.to_pyarrow(found.select(FILE, ROW))))


def _problems(
    source: EventSource, table: Expression, asked: Sequence[tuple[str, Told, Expression]]
) -> Iterator[Problem]:
    """Several of one table by one question: each a column, what is told, and which rows are so."""
    if not asked:
        return
    kinds = {f"equipoise_wrong_{number}": is_so.fill_null(False) for number, (_, _, is_so) in enumerate(asked)}
    found = table.select(FILE, ROW, **kinds)
    read = source.connection.to_pyarrow(found.filter(ibis.or_(*(found[kind] for kind in kinds))))
    rows = _rows(read)
    for (column, told, _), kind in zip(asked, kinds, strict=True):
        yield from _of_rows(source, column, told, compress(rows, read.column(kind).to_pylist()))


def _rows(read: Any) -> list[tuple[str, int]]:
    return list(zip(read.column(FILE).to_pylist(), read.column(ROW).to_pylist(), strict=True))


def _of_rows(source: EventSource, column: str, told: Told, found: Iterable[tuple[str, int]]) -> Iterator[Problem]:
    expected, what, step = told
    # Sets, as a patient who is there twice would have each event told twice.
    rows = defaultdict(set)
    for file, row in found:
        rows[file].add(int(row))
    for file, numbers in sorted(rows.items()):
        found_text = f"{what} in {rows_text(sorted(numbers), source.rows(file))}"
        yield Problem(f"{file}, {column}", expected, found_text, step)


def _cell_problems(source: EventSource, name: str, today: datetime.date) -> Iterator[Problem]:
    table, asked = source.tables[name], list[tuple[str, Told, Expression]]()
    for column, kind in EVENT_TABLES[name].columns.items():
        unread = table[UNREAD + column] if UNREAD + column in table.columns else None
        if kind.filled:
            told = ("a value in every row", "none", EMPTY if column == "value" else "Fill it, or leave the row out.")
            empty = table[column].isnull()
            asked.append((column, told, empty if unread is None else empty & ~unread))
        if kind.kind == "text":
            continue
        if unread is not None:
            what = "dates as YYYY-MM-DD" if kind.kind == "date" else "numbers"
            asked.append((column, (what, "something else", "Correct the cells."), unread))
        if kind.kind == "date":
            told = (f"dates from {FIRST_DATE.year} up to today", "an impossible date", "Correct the cells.")
            asked.append((column, told, (table[column] < FIRST_DATE) | (table[column] > today)))
        else:
            told = ("finite numbers", "another", "Correct the cells.")
            asked.append((column, told, table[column].isinf() | table[column].isnan()))
    return _problems(source, table, asked)


def _key_problems(source: EventSource, name: str) -> Iterator[Problem]:
    key = EVENT_TABLES[name].key
    table = source.joined[name]
    whole = table.filter(*(table[column].notnull() for column in key))
    order = ibis.window(group_by=[whole[column] for column in key], order_by=[whole[FILE], whole[ROW]])
    numbered = whole.mutate(copy=ibis.row_number().over(order))
    told = ("each once", "the same again", SAME_AGAIN)
    yield from _problem(source, " and ".join(key), told, numbered.filter(numbered.copy > 0))


def _life_problems(source: EventSource) -> Iterator[Problem]:
    patients = source.tables["patients"]
    step = "Correct the dates."
    death = (("no death before birth", "one", step), patients.death_date < patients.birth_date)
    late = (("no record that begins after death", "one", step), patients.observed_from > patients.death_date)
    return _problems(source, patients, [("death_date", *death), ("observed_from", *late)])


def _fixed_problems(source: EventSource) -> Iterator[Problem]:
    """Of what does not change in a patient, observations that differ."""
    if source.fixed is None:
        return
    step = "Keep the right one; what changes is a measure or an event, with its date."
    yield from _problem(source, "value", ("one value a patient", "another", step), contradicted(source.fixed))


def _code_problems(source: EventSource) -> Iterator[Problem]:
    """Codes in another terminology's place: such a record would be passed over in silence."""
    if source.miscoded is not None:
        step = "Translate the codes to the standard ones, or correct their terminology."
        told = ("each code in the place of its own terminology", "one in another's", step)
        yield from _problem(source, "code", told, source.miscoded)


def _patient_problems(source: EventSource, name: str) -> Iterator[Problem]:
    """Events of nobody, before birth, or after death."""
    table, day = source.tables[name], EVENT_TABLES[name].day
    mine = table.filter(table.patient_id.notnull())
    patients = source.tables["patients"]
    orphans = lacking(mine, patients, "patient_id")
    told = (
        "a patient of the table of patients",
        "a patient who is not there",
        f"Add the patient, or drop the rows{STRAYS}.",
    )
    yield from _problem(source, "patient_id", told, orphans)
    lives = patients.select("patient_id", "birth_date", "death_date")
    lived = mine.select(FILE, ROW, "patient_id", event_day=mine[day]).join(lives, "patient_id")
    step = f"Correct the dates, or drop the rows{STRAYS}."
    before = (("no event before birth", "one", step), lived.event_day < lived.birth_date)
    after = (("no event after death", "one", step), lived.event_day > lived.death_date)
    yield from _problems(source, lived, [(str(day), *before), (str(day), *after)])


def _course_problems(source: EventSource) -> Iterator[Problem]:
    """Courses that end before they begin, and courses of one therapy that overlap."""
    table = source.tables["treatments"]
    told = ("no end before the start", "one", "Correct the dates.")
    yield from _problem(source, "end_date", told, table.filter(table.end_date < table.start_date))
    table = source.joined["treatments"]
    same = [table.patient_id, table.therapy]
    order = ibis.window(group_by=same, order_by=[table.start_date, table[ROW]], preceding=(None, 1))
    earlier = table.mutate(ended=table.end_date.max().over(order), started=table.start_date.max().over(order))
    # Two starts on one day are told as copies; a course without an end may have ended at any time.
    overlap = (earlier.start_date <= earlier.ended) & (earlier.start_date != earlier.started)
    told = ("courses of one therapy that follow each other", "one that begins before the last has ended", JOIN)
    yield from _problem(source, "start_date", told, earlier.filter(overlap))


def _score_problems(source: EventSource) -> Iterator[Problem]:
    """Scores that are none of their instrument's, and measures in several units."""
    table = source.tables["measures"]
    names = source.connection.to_pyarrow(table[["measure"]].distinct().order_by("measure")).column("measure")
    for name in names.to_pylist():
        instrument = instrument_for(name) if name else None
        if instrument is None:
            continue
        outside = (table.value < instrument.minimum) | (table.value > instrument.maximum)
        step = f"Correct the cells or drop the rows{OUTSIDE}; check that all are of this instrument."
        told = (
            f"{instrument.id} scores from {instrument.minimum:g} to {instrument.maximum:g}",
            "a score outside",
            step,
        )
        mine = table.filter(table.measure == name)
        yield from _problem(source, "value", told, mine.filter(outside))
        # Means of the answers, and shares of the most that is possible, are within the range often enough.
        broken = mine.filter(~outside & (mine.value != mine.value.floor()))
        step = "Give the sum of the answers, not their mean or a share of it."
        yield from _problem(source, "value", (f"whole {instrument.id} scores", "a fraction", step), broken)
        share = (f"{instrument.id} scores in points", "a percentage", CONVERT)
        yield from _problem(source, "unit", share, mine.filter(mine.unit.isin(PERCENT)))
    yield from _problem(source, "unit", ("one unit a measure", "another", CONVERT), _rarer_units(table))


def _range_problems(source: EventSource, rules: Cleaning) -> Iterator[Problem]:
    """Values outside the range that the protocol tells: most likely of another unit, which nobody wrote down."""
    table = source.tables["measures"]
    for name, low, high in ranges([name for name, rule in rules.measures.items() if rule.range], rules):
        step = f"Correct the cells or drop the rows{OUTSIDE}; most likely they are in another unit."
        told = (f"{name} from {low:g} to {high:g}", "a value outside", step)
        outside = (table.value < low) | (table.value > high)
        yield from _problem(source, "value", told, table.filter((table.measure == name) & outside))


def _rarer_units(table: Expression) -> Expression:
    """The rows of each measure whose unit is not its commonest; of two as common the first by name counts as that."""
    told = table.filter(table.unit.notnull(), table.measure.notnull())
    counts = told.group_by("measure", "unit").agg(n=told.count())
    order = ibis.window(group_by=counts.measure, order_by=[counts.n.desc(), counts.unit])
    rarer = counts.mutate(place=ibis.row_number().over(order)).filter(ibis._.place > 0)
    return having(told, rarer, "measure", "unit")
