"""Reads PHQ-9, GAD-7 and other measures into features and facts: of several the newest that can be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from data_contracts.encoding import Feature
from data_contracts.fact import has_come, load_facts
from data_contracts.instrument_name import instrument_for, time_of
from data_contracts.record_words import CODE_SYSTEMS, load_record_words
from service.fhir.answers import Value
from service.fhir.datatype import Coded
from service.fhir.findings import Findings
from service.fhir.moment import Days, days_of
from service.fhir.sheet import Sheet, sheets_of

ITEM9, TOTAL = "phq9_item9", "phq9_total"
AT_START = re.compile(
    r"(?:(?:week|wk|w|month|mon|m|day|d|visit|v|session|s|t)_?0?0|baseline|base|bl|pre|start|intake|first)?"
)
"""Times in the name of a feature that mean the moment of the decision."""
MEASURE_DAYS = 365
"""How old another measure (a body mass index) may be; set by this project."""
UNITS = {"bmi": frozenset({"kg/m2", "kg/m^2", "kg/m²"})}


@dataclass(frozen=True)
class Wanted:
    """What a policy wants to know.

    Attributes:
        features: its features.
        baseline: the name of the baseline score among them or beside them, if there is one.
    """

    features: tuple[Feature, ...]
    baseline: str | None


def read_measures(values: Sequence[Value], wanted: Wanted, found: Findings) -> list[Sheet]:
    """Read the instruments; returns their sheets, the newest first."""
    sheets = sheets_of(values)
    _read_item9([sheet for sheet in sheets if sheet.instrument.id == "PHQ-9"], found)
    for name in dict.fromkeys(sheet.instrument.id for sheet in sheets):
        sheet = current([one for one in sheets if one.instrument.id == name], found)
        if sheet is None or sheet.total is None:
            continue
        if name == "PHQ-9":
            found.say(TOTAL, sheet.total, _days(sheet.day), sheet.where)
        for column in _columns_of(name, wanted):
            found.say(column, sheet.total, None, sheet.where)
    for feature in wanted.features:
        _read_other(feature, values, found)
    return sheets


def current(sheets: Sequence[Sheet], found: Findings) -> Sheet | None:
    """The newest sheet with a total that can be right and is not too old; what is passed over is noted.

    Args:
        sheets: of one instrument, the newest first.
        found: where notes go.
    """
    for sheet in sheets:
        name = sheet.instrument.id
        if not has_come(sheet.day, found.today):
            found.note("contradiction", f"{name} of a day that has not come", sheet.where)
        elif not sheet.is_sound:
            found.note("contradiction", f"{name} whose answers and total cannot all be right", sheet.where)
        elif sheet.total is None:
            found.note("left_out", f"{name} answered in part", sheet.where)
        elif (found.today - sheet.day).days > load_facts()[TOTAL].valid_days:
            found.note("too_old", f"{name} totals", sheet.where)
            return None
        else:
            return sheet
    return None


def _read_item9(sheets: Sequence[Sheet], found: Findings) -> None:
    """Item 9 counts from 1 up wherever it was answered last, and as a 0 only on a sheet that can be right.

    Of several answers on a day the gravest counts; an older 0 never stands in for a newer answer that is in doubt.
    """
    for sheet in sheets:
        if not sheet.harm:
            continue
        gravest = max(sheet.harm)
        if gravest >= 1 or sheet.is_sound:
            found.say(ITEM9, gravest, _days(sheet.day), sheet.where)
        else:
            found.note("contradiction", "answers of 0 to item 9 on a PHQ-9 that cannot be right", sheet.where)
        if has_come(sheet.day, found.today) or gravest >= 1:
            return


def _columns_of(instrument: str, wanted: Wanted) -> Iterator[str]:
    names = dict.fromkeys([*(one.name for one in wanted.features), *([wanted.baseline] if wanted.baseline else [])])
    for name in names:
        of, at_start = _total_in(name)
        if of == instrument and (at_start or name == wanted.baseline):
            yield name


@lru_cache(maxsize=4096)
def _total_in(column: str) -> tuple[str | None, bool]:
    """Whose total a column holds that is no fact, and whether its name says that it is of the decision's moment."""
    of = instrument_for(column)
    if of is None or column in load_facts():
        return None, False
    return of.id, AT_START.fullmatch(time_of(column)) is not None


def _read_other(feature: Feature, values: Sequence[Value], found: Findings) -> None:
    """A measure that is called as the feature, with the unit that it has to have."""
    units = UNITS.get(feature.name.casefold())
    if units is None:
        return
    codes, oldest = _codes_of(feature.name), found.today - timedelta(days=MEASURE_DAYS)
    for value in sorted((one for one in values if not codes.isdisjoint(one.coded)), key=_when, reverse=True):
        if not value.sure or value.number is None:
            continue
        if (value.unit or "").replace(" ", "") not in units:
            found.note("not_understood", f"{feature.name} in another unit, or without one", value.where)
        elif value.days is None or not has_come(value.days.last, found.today) or value.days.first < oldest:
            found.note("too_old", f"{feature.name}", value.where)
        else:
            found.say(feature.name, value.number, None, value.where)
            return


@lru_cache(maxsize=4096)
def _codes_of(measure: str) -> frozenset[Coded]:
    """The codes of a measure that is called so."""
    return frozenset(
        (CODE_SYSTEMS[code.system], code.code)
        for word in load_record_words()
        if word.table == "measures" and word.word.casefold() == measure.casefold()
        for code in word.codes
        if code.system in CODE_SYSTEMS
    )


def _when(value: Value) -> date:
    return value.days.last if value.days else date.min


def _days(day: date) -> Days:
    return days_of(day.isoformat())
