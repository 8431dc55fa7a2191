"""Checks of one column: is it a number where a number is due, in its instrument's range, and not constant."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column
from data_contracts.errors import Problem, rows_text
from data_contracts.instrument import Instrument, instrument_for, load_instruments
from data_contracts.protocol import StudyProtocol

MAX_LEVELS = 30
"""More categories than this look like an identifier or free text."""


def instrument_of(name: str, protocol: StudyProtocol) -> Instrument | None:
    """The instrument whose total a column holds: as the protocol says, by the outcome's unit, or by its name."""
    if name in protocol.instruments:
        return load_instruments().get(protocol.instruments[name])
    for outcome in protocol.outcomes:
        if name in (outcome.column, outcome.baseline) and (found := instrument_for(outcome.unit)):
            return found
    return instrument_for(name)


def number_problems(column: Column, name: str, where: str, protocol: StudyProtocol) -> Iterator[Problem]:
    """Text where a number is due, infinite numbers, and scores outside their instrument's range."""
    if column.dtype == object:
        yield _text_problem(column, where)
        return
    if endless := row_numbers(np.isinf(column)):
        yield Problem(where, "finite numbers", f"infinity in {rows_text(endless)}", "Correct the cells.")
    instrument = instrument_of(name, protocol)
    if name in protocol.instruments and instrument is None:
        known = ", ".join(load_instruments())
        yield Problem(f"protocol, instruments.{name}", f"one of {known}", "another name", "Correct the protocol.")
    if instrument is not None:
        with np.errstate(invalid="ignore"):
            outside = row_numbers((column < instrument.minimum) | (column > instrument.maximum))
        if outside:
            expected = f"{instrument.id} scores from {instrument.minimum:g} to {instrument.maximum:g}"
            yield Problem(
                where, expected, f"a score outside in {rows_text(outside)}", "Correct the cells or clear them."
            )


def covariate_problems(column: Column, name: str, where: str, protocol: StudyProtocol) -> Iterator[Problem]:
    """What keeps a column from being adjusted for."""
    if column.dtype == object and not _looks_categorical(column, name, protocol):
        yield _text_problem(column, where)
        return
    if column.dtype != object:
        yield from number_problems(column, name, where, protocol)
    values = {value for value in column.tolist() if not is_missing(value)}
    if len(values) < 2:
        found = "no value at all" if not values else "one value in all rows"
        yield Problem(where, "at least two different values", found, "Take the column out of the protocol.")
    if column.dtype == object and len(values) > MAX_LEVELS:
        step = "Group the categories, or take the column out of the protocol."
        yield Problem(where, f"at most {MAX_LEVELS} categories", f"{len(values)}", step)


def row_numbers(chosen: BoolArray) -> list[int]:
    """Row numbers of the chosen rows as a spreadsheet counts them: the header is row 1."""
    return [int(row) + 2 for row in np.flatnonzero(chosen)]


def is_missing(value: object) -> bool:
    """Whether a cell is empty: None, or not a number."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _looks_categorical(column: Column, name: str, protocol: StudyProtocol) -> bool:
    """Text is a category unless some of it is numbers, or the name is an instrument's."""
    if name in protocol.categorical:
        return True
    return instrument_of(name, protocol) is None and not any(_is_number(value) for value in column)


def _text_problem(column: Column, where: str) -> Problem:
    rows = row_numbers(np.array([value is not None and not _is_number(value) for value in column]))
    step = "Correct the cells, or list the column under categorical in the protocol."
    return Problem(where, "numbers", f"text in {rows_text(rows)}", step)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return value is not None
