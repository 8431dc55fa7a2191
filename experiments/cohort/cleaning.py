"""Does with event tables what a protocol's `cleaning` says, before they are checked, and counts what it did.

What no rule names stays as it is, and is refused by the checks; the source itself is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ibis

from data_contracts.cleaning import Cleaning, MeasureCleaning
from data_contracts.episode import LeftOut
from data_contracts.errors import Problem
from data_contracts.event_tables import EVENT_TABLES, WHAT
from data_contracts.instrument_name import instrument_for
from experiments.cohort.courses import courses
from experiments.cohort.event_source import FILE, ROW, UNREAD, Expression, kept
from experiments.cohort.joins import lacking

SPELLING = "Correct the spelling in the protocol, or look how the records call it."
CONVERTED = "Converted"


@dataclass
class Cleaned:
    """Event tables while they are cleaned.

    Attributes:
        connection: the ibis backend.
        tables: by name, as ``event_source.typed`` makes them.
        done: what was done so far, counted.
        problems: what the rules name and no row has.
    """

    connection: Any
    tables: dict[str, Expression]
    done: list[LeftOut] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def leave_out(self, name: str, these: Expression, what: str, done: str = "Left out") -> None:
        """Take the rows of a table that a condition on it holds of away, and count them."""
        table, condition = self.tables[name], these.fill_null(False)
        if count := self.count(table.filter(condition)):
            self.done.append(LeftOut(what, count, done))
            self.keep(name, table.filter(~condition))

    def keep(self, name: str, rows: Expression) -> None:
        """Take rows for a table, with the columns that it has."""
        fresh = f"cleaned_{name}_{len(self.done)}"
        self.tables[name] = kept(self.connection, fresh, rows.select(*self.tables[name].columns))

    def count(self, rows: Expression) -> int:
        """How many rows there are."""
        return int(self.connection.to_pyarrow(rows.count()).as_py())


def clean(connection: Any, tables: dict[str, Expression], rules: Cleaning) -> Cleaned:
    """Typed event tables as the rules leave them.

    Args:
        connection: the ibis backend.
        tables: by name, as ``event_source.typed`` makes them.
        rules: of the protocol.
    """
    desk = Cleaned(connection, dict(tables))
    for name, rule in rules.measures.items():
        _one_name(desk, name, rule)
        _one_unit(desk, name, rule)
    if rules.empty == "left_out":
        measures = desk.tables["measures"]
        unread = measures[f"{UNREAD}value"] if f"{UNREAD}value" in measures.columns else ibis.literal(False)
        desk.leave_out("measures", measures.value.isnull() & ~unread, "rows of measures without a value")
    if rules.strays == "left_out":
        _strays(desk)
    if rules.out_of_range == "left_out":
        _out_of_range(desk, rules)
    if rules.copies == "once":
        for name in EVENT_TABLES:
            _copies(desk, name)
    for name, rule in rules.measures.items():
        _of_a_day(desk, name, rule)
    return desk


def _one_name(desk: Cleaned, name: str, rule: MeasureCleaning) -> None:
    for other in rule.called:
        table = desk.tables["measures"]
        count = desk.count(table.filter(table.measure == other))
        if not count:
            desk.problems.append(_unknown(f"measures.{name}.called", "each of its names in the measures"))
            continue
        desk.done.append(LeftOut(f"rows of measures that are called {other}, as {name}", count, "Read"))
        desk.keep("measures", table.mutate(measure=ibis.ifelse(table.measure == other, name, table.measure)))


def _one_unit(desk: Cleaned, name: str, rule: MeasureCleaning) -> None:
    whole = instrument_for(name) is not None
    for unit, factor in rule.units.items():
        table = desk.tables["measures"]
        these = (table.measure == name) & (table.unit == unit)
        count = desk.count(table.filter(these))
        if not count:
            desk.problems.append(_unknown(f"measures.{name}.units", "each unit in rows of the measure"))
        if not count or factor == 1:
            continue
        value = table.value * factor
        value = value.round().cast("float64") if whole else value
        desk.done.append(LeftOut(f"values of {name} from {unit} to {rule.unit}", count, CONVERTED))
        changed = {"value": ibis.ifelse(these, value, table.value), "unit": ibis.ifelse(these, rule.unit, table.unit)}
        desk.keep("measures", table.mutate(**changed))


def _unknown(rule: str, expected: str) -> Problem:
    return Problem(f"protocol, target_trial.cleaning.{rule}", expected, "one of which there is no row", SPELLING)


def _strays(desk: Cleaned) -> None:
    """Rows of nobody, and those of days on which their patient did not live."""
    for name in WHAT:
        table, patients = desk.tables[name], desk.tables["patients"]
        orphans = lacking(table.filter(table.patient_id.notnull()), patients, "patient_id").select(FILE, ROW)
        _leave_rows(desk, name, orphans, f"rows of {name} of patients who are not there")
        table, day = desk.tables[name], str(EVENT_TABLES[name].day)
        lives = patients.select("patient_id", "birth_date", "death_date").distinct()
        lived = table.select(FILE, ROW, "patient_id", event_day=table[day]).join(lives, "patient_id")
        unlived = lived.filter((lived.event_day < lived.birth_date) | (lived.event_day > lived.death_date))
        _leave_rows(desk, name, unlived.select(FILE, ROW), f"rows of {name} from before birth or after death")


def _leave_rows(desk: Cleaned, name: str, rows: Expression, what: str) -> None:
    """Take away the rows of a table that another has by ``FILE`` and ``ROW``."""
    if count := desk.count(rows.distinct()):
        desk.done.append(LeftOut(what, count))
        desk.keep(name, lacking(desk.tables[name], rows, FILE, ROW))


def _out_of_range(desk: Cleaned, rules: Cleaning) -> None:
    table = desk.tables["measures"]
    names = desk.connection.to_pyarrow(table[["measure"]].distinct().order_by("measure")).column("measure").to_pylist()
    for name, low, high in ranges(names, rules):
        measures = desk.tables["measures"]
        outside = (measures.measure == name) & ((measures.value < low) | (measures.value > high))
        desk.leave_out("measures", outside, f"values of {name} outside {low:g} to {high:g}")


def ranges(names: list[str | None], rules: Cleaning) -> Iterator[tuple[str, float, float]]:
    """Of each measure whose range is known its name and both ends; what the protocol says comes first."""
    for name in names:
        instrument = instrument_for(name) if name else None
        told = rules.measures[name].range if name in rules.measures else None
        if name and told is not None:
            yield name, *told
        elif name and instrument is not None:
            yield name, instrument.minimum, instrument.maximum


def _copies(desk: Cleaned, name: str) -> None:
    """Rows that say in every column what an earlier one says."""
    table = desk.tables[name]
    same = [table[column] for column in table.columns if column not in (FILE, ROW)]
    order = ibis.window(group_by=same, order_by=[table[FILE], table[ROW]])
    copies = table.mutate(copy=ibis.row_number().over(order)).filter(ibis._.copy > 0).select(FILE, ROW)
    _leave_rows(desk, name, copies, f"rows of {name} that say the same as another")


def _of_a_day(desk: Cleaned, name: str, rule: MeasureCleaning) -> None:
    """Of several values of a day the highest or the lowest stays, or none."""
    if rule.of_a_day == "refused":
        return
    table = desk.tables["measures"]
    mine = table.filter(table.measure == name, table.patient_id.notnull(), table.date.notnull())
    day = [mine.patient_id, mine.date]
    better = mine.value.desc() if rule.of_a_day == "highest" else mine.value
    place = ibis.row_number().over(ibis.window(group_by=day, order_by=[better, mine[FILE], mine[ROW]]))
    counted = mine.mutate(place=place, several=mine.count().over(ibis.window(group_by=day)))
    first = 0 if rule.of_a_day == "left_out" else 1
    these = counted.filter((counted.several > 1) & (counted.place >= first)).select(FILE, ROW)
    what = "none counts" if first == 0 else f"the {rule.of_a_day} counts"
    _leave_rows(desk, "measures", these, f"values of {name} of a day with several, of which {what}")


def joined_courses(desk: Cleaned, rules: Cleaning) -> dict[str, Expression]:
    """The tables as the cohort takes them: courses of one therapy that overlap as one."""
    if rules.overlaps == "refused":
        return desk.tables
    table = desk.tables["treatments"]
    joined = kept(desk.connection, "joined_courses", courses(table, 0))
    if fewer := desk.count(table) - desk.count(joined):
        desk.done.append(LeftOut("courses to one that they overlap with", fewer, "Joined"))
    return desk.tables | {"treatments": joined}
