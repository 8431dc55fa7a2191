"""Turns a table with one row a patient into a cohort, after telling every problem of the table at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.encoding import Feature
from data_contracts.episode import Column
from data_contracts.errors import BadInput, Problem, rows_text
from data_contracts.fact import UnreadableFact, read_fact
from data_contracts.patient_identifier import LONGEST, normal_identifier
from data_contracts.person_name import is_name
from data_contracts.profile import Value
from engine.data_checks import names_checked
from engine.fact_readings import acknowledgement_problems
from service.needs import Needs, misspelt_facts, nearest
from service.preference_columns import weight_problems, weights_in

if TYPE_CHECKING:
    from data_contracts.tables import Table

Item = TypeVar("Item")

PATIENT_ID = "patient_id"
EXCLUDED_ARMS = "excluded_arms"
SITE = "site"
AS_OF = "_as_of"
"""What follows a safety fact's name in the column that tells on which day it was recorded."""
BY = "_acknowledged_by"
"""What follows a safety rule's id in the column that tells who did what the rule waits for."""


def read_cohort(table: Table, needs: Needs) -> Cohort:
    """One patient a row, in the table's order.

    Args:
        table: a column patient_id, the policy's features and the safety facts by name, and, if wanted,
            excluded_arms: arms parted by ";"; site: where the patient is to be treated; for a safety fact,
            FACT_as_of: the day on which it was recorded; for a safety rule that waits for it,
            RULE_acknowledged_by: the name of the clinician who did what it asks for; for weights,
            prefer_KEY: all of a row, or none.
        needs: what the policy and the rules read; other columns are left alone.

    Raises:
        BadInput: a feature's column is missing; patient_id is missing, empty, too long or not unique; text in a
            numeric feature; a safety fact out of its range; an excluded arm that is not one; weights that are none; an
            acknowledgement of no rule that waits for one.
    """
    problems = [*_missing_columns(table, needs), *_id_problems(table), *_value_problems(table, needs)]
    problems += [*misspelt_facts(table.columns, needs), *misspelt_facts(table.columns, needs, AS_OF)]
    problems += [*_arm_problems(table, needs), *weight_problems(table, needs)]
    problems += [*acknowledgement_problems(_acknowledged(table), needs.waiting), *_name_problems(table)]
    if problems:
        raise BadInput(problems)
    excluded, read = _excluded(table), {*needs.names, *names_checked(table.columns)}
    return Cohort(
        patient_id=np.array(texts_of(table, PATIENT_ID), dtype=object),
        columns={name: column for name, column in table.columns.items() if name in read},
        excluded={arm: np.array([arm in arms for arms in excluded]) for arm in needs.arms},
        acknowledged={rule: np.array(texts_of(table, rule + BY), dtype=object) for rule in _acknowledged(table)},
        site=np.array(texts_of(table, SITE), dtype=object) if SITE in table.columns else None,
        as_of={fact: _days(table.columns[fact + AS_OF]) for fact in needs.facts if fact + AS_OF in table.columns},
        weights=weights_in(table, needs),
    )


def ids_of(table: Table) -> list[str]:
    """Identifiers of a table's patients, without blanks around them as in profiles; empty where there is none."""
    if PATIENT_ID not in table.columns:
        return [""] * table.n
    return [(text or "").strip() for text in texts_of(table, PATIENT_ID)]


def _acknowledged(table: Table) -> list[str]:
    return [name.removesuffix(BY) for name in table.columns if name.endswith(BY)]


def _name_problems(table: Table) -> Iterator[Problem]:
    for rule in _acknowledged(table):
        if rows := _rows(texts_of(table, rule + BY), lambda text: text is not None and not is_name(text)):
            step = "Name the clinician, or clear the cells where nobody did it."
            yield Problem(
                f"{table.source}, {rule}{BY}", "names of people", f"something else in {rows_text(rows)}", step
            )


def _missing_columns(table: Table, needs: Needs) -> Iterator[Problem]:
    unread = [name for name in table.columns if name not in needs.names]
    for name in (PATIENT_ID, *(feature.name for feature in needs.features)):
        if name not in table.columns:
            step = nearest(name, unread, "Add the column; cells may be empty.")
            if name == PATIENT_ID:
                step = f"Rename the column with the patients' identifiers. {nearest(name, unread, '')}".strip()
            yield Problem(table.source, f"a column {name}", "no such column", step)


def _id_problems(table: Table) -> Iterator[Problem]:
    if PATIENT_ID not in table.columns:
        return
    ids, where = texts_of(table, PATIENT_ID), f"{table.source}, {PATIENT_ID}"
    if absent := _rows(ids, lambda text: text is None):
        yield Problem(where, "an identifier in every row", f"none in {rows_text(absent)}", "Fill it.")
    counts = Counter(normal_identifier(one) for one in ids if one is not None)
    if twice := _rows(ids, lambda text: text is not None and counts[normal_identifier(text)] > 1):
        yield Problem(where, "each patient once", f"repeated in {rows_text(twice)}", "Drop the copies.")
    if odd := _rows(ids, lambda text: text is not None and (len(text) > LONGEST or not text.isprintable())):
        expected = f"at most {LONGEST} printable characters"
        yield Problem(where, expected, f"something else in {rows_text(odd)}", "Correct them.")


def _value_problems(table: Table, needs: Needs) -> Iterator[Problem]:
    for feature in needs.features:
        if feature.name in table.columns and (rows := _not_numbers(feature, table.columns[feature.name])):
            step = "Correct the cells, or clear them if the number is not known."
            found = f"something else in {rows_text(rows)}"
            yield Problem(f"{table.source}, {feature.name}", "finite numbers", found, step)
    for fact in needs.facts:
        yield from _fact_problems(table, fact)
        if rows := _rows(list(table.columns.get(fact + AS_OF, ())), lambda cell: not _is_day(cell)):
            step = "Correct the cells, or clear them if the day is not known."
            found = f"something else in {rows_text(rows)}"
            yield Problem(f"{table.source}, {fact}{AS_OF}", "days as YYYY-MM-DD", found, step)


def _fact_problems(table: Table, fact: str) -> Iterator[Problem]:
    found: dict[str, list[int]] = {}
    for row, value in enumerate(table.columns.get(fact, ())):
        try:
            read_fact(fact, cell_value(value))
        except UnreadableFact as error:
            found.setdefault(error.problem.expected, []).append(row + 2)
    for expected, rows in found.items():
        step = "Correct the cells, or clear them if it is not known."
        yield Problem(f"{table.source}, {fact}", expected, f"something else in {rows_text(rows)}", step)


def _arm_problems(table: Table, needs: Needs) -> Iterator[Problem]:
    if rows := _rows(_excluded(table), lambda arms: not set(arms) <= set(needs.arms)):
        step = "Correct the spelling; arms are parted by a semicolon."
        expected = f"arms of the policy: {', '.join(needs.arms)}"
        yield Problem(f"{table.source}, {EXCLUDED_ARMS}", expected, f"another in {rows_text(rows)}", step)


def _not_numbers(feature: Feature, column: Column) -> list[int]:
    """Rows that hold no finite number where there is one due, or infinity anywhere."""
    if column.dtype != object:
        return _rows(list(column), np.isinf)
    if feature.kind == "categorical":
        return []
    return _rows(list(column), lambda cell: cell is not None and not _is_number(cell))


def _is_number(text: str) -> bool:
    """One cell of text makes the whole column text, so its neighbours may still be numbers."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_day(cell: object) -> bool:
    """Whether a cell is empty or a day."""
    if not isinstance(cell, str):
        return cell_value(cell) is None
    try:
        date.fromisoformat(cell[:10])
    except ValueError:
        return False
    return True


def _days(column: Column) -> Column:
    return np.array([cell[:10] if isinstance(cell, str) else "NaT" for cell in column], dtype="datetime64[D]")


def _excluded(table: Table) -> list[tuple[str, ...]]:
    if EXCLUDED_ARMS not in table.columns:
        return [()] * table.n
    cells = texts_of(table, EXCLUDED_ARMS)
    return [tuple(arm for part in (cell or "").split(";") if (arm := part.strip())) for cell in cells]


def texts_of(table: Table, name: str) -> list[str | None]:
    """A column as text: whole numbers without a decimal point, None where there is nothing."""
    values = [cell_value(value) for value in table.columns[name]]
    return [f"{value:.0f}" if isinstance(value, float) and value.is_integer() else _text(value) for value in values]


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def cell_value(cell: object) -> Value:
    """A cell as a profile holds it: float, text, or None for missing."""
    if cell is None or isinstance(cell, str):
        return cell
    number = float(str(cell))
    return None if math.isnan(number) else number


def _rows(items: Sequence[Item], wrong: Callable[[Item], object]) -> list[int]:
    """Numbers of the rows that are wrong; the header is row 1."""
    return [row + 2 for row, item in enumerate(items) if wrong(item)]
