"""Checks of one column: is it a number where a number is due, in its instrument's range, and not constant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.errors import Problem
from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_name import instrument_for
from data_contracts.patient_count import MINIMUM_CELL, count_patients
from data_contracts.protocol import StudyProtocol
from data_contracts.row_numbers import RowNumbers

LARGEST = 1e100
"""Numbers beyond this are nobody's measurement: some programs write their largest number for a missing value. Their
squares would overflow, and the column would silently be adjusted for no more."""

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


def number_problems(
    column: Column, name: str, where: str, protocol: StudyProtocol, rows: RowNumbers
) -> Iterator[Problem]:
    """Text where a number is due, infinite or vast numbers, and scores outside their instrument's range."""
    if column.dtype == object:
        yield _text_problem(column, where, rows)
        return
    if endless := rows.told(np.isinf(column)):
        yield Problem(where, "finite numbers", f"infinity in {endless}", "Correct the cells.")
    if vast := rows.told(np.isfinite(column) & (np.abs(column) > LARGEST)):
        step = "Clear the cells if that stands for a missing value, else correct them."
        yield Problem(where, f"numbers up to {LARGEST:g} in size", f"a larger one in {vast}", step)
    instrument = instrument_of(name, protocol)
    if name in protocol.instruments and instrument is None:
        known = ", ".join(load_instruments())
        yield Problem(f"protocol, instruments.{name}", f"one of {known}", "another name", "Correct the protocol.")
    if instrument is not None:
        with np.errstate(invalid="ignore"):
            outside = rows.told((column < instrument.minimum) | (column > instrument.maximum))
        if outside:
            expected = f"{instrument.id} scores from {instrument.minimum:g} to {instrument.maximum:g}"
            yield Problem(where, expected, f"a score outside in {outside}", "Correct the cells or clear them.")


def covariate_problems(
    column: Column,
    name: str,
    where: str,
    protocol: StudyProtocol,
    rows: RowNumbers,
    *,
    analysed: BoolArray,
    patient: IntArray,
) -> Iterator[Problem]:
    """What keeps a column from being adjusted for.

    Args:
        column: all its rows.
        name: the column's name.
        where: what to call it in messages.
        protocol: the study.
        rows: how rows are called.
        analysed: which rows are in arms that will be analysed.
        patient: whose each row is.
    """
    if column.dtype == object and not _looks_categorical(column, name, protocol):
        yield _text_problem(column, where, rows)
        return
    if column.dtype != object:
        yield from number_problems(column, name, where, protocol, rows)
    known = analysed & ~is_missing(column)
    counts = Counter(column[known].tolist())
    if len(counts) < 2:
        found = "no value at all" if not counts else "one value in all rows"
        yield Problem(where, "at least two different values", found, "Take the column out of the protocol.")
    elif column.dtype == object and len(counts) > MAX_LEVELS:
        step = "Group the categories, or take the column out of the protocol."
        yield Problem(where, f"at most {MAX_LEVELS} categories", f"{len(counts)}", step)
    elif column.dtype != object and _indistinct(column[analysed]):
        step = "Give the column in a larger unit, or take it out of the protocol."
        yield Problem(where, "values whose differences a computer can square", "smaller differences", step)
    elif _nearly_constant(column, counts, known, patient):
        expected = f"at least {MINIMUM_CELL} patients with a second value"
        yield Problem(where, expected, "fewer", "Merge categories, or take the column out of the protocol.")


def _indistinct(column: FloatArray) -> bool:
    """Whether numbers differ by so little that their differences' squares vanish."""
    values = column[np.abs(column) <= LARGEST]
    return len(values) > 0 and not values.std() > 0


def _nearly_constant(column: Column, counts: Counter[object], known: BoolArray, patient: IntArray) -> bool:
    """Whether too few patients differ from the commonest value to adjust for it, or to keep them anonymous."""
    if column.dtype == object:
        levels = [*(known & (column == level) for level in counts), is_missing(column)]
        return sorted(count_patients(patient[rows]) for rows in levels)[-2] < MINIMUM_CELL
    commonest = counts.most_common(1)[0][0]
    return count_patients(patient[known & (column != commonest)]) < MINIMUM_CELL


def is_missing(column: Column) -> BoolArray:
    """(n,) rows without a value."""
    return np.array([value is None for value in column]) if column.dtype == object else np.isnan(column)


def _looks_categorical(column: Column, name: str, protocol: StudyProtocol) -> bool:
    """Text is a category unless some of it is numbers, or the name is an instrument's."""
    if name in protocol.categorical:
        return True
    return instrument_of(name, protocol) is None and not any(_is_number(value) for value in column)


def _text_problem(column: Column, where: str, rows: RowNumbers) -> Problem:
    text = np.array([value is not None and not _is_number(value) for value in column])
    step = "Correct the cells, or list the column under categorical in the protocol."
    return Problem(where, "numbers", f"text in {rows.told(text)}", step)


def _is_number(value: object) -> bool:
    """Whether pandas takes it for a number; Python's float would also take 1_000 and other scripts' digits."""
    text = str(value)
    try:
        float(text)
    except ValueError:
        return False
    return value is not None and text.isascii() and "_" not in text
