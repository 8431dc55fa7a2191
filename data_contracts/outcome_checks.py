"""Checks of one outcome: numbers, the two answers of a yes-or-no outcome, and enough patients in every arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data_contracts.column_checks import number_problems
from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.errors import Problem
from data_contracts.gate_marks import MINIMUM_EPISODES
from data_contracts.patient_count import MINIMUM_CELL, count_patients
from data_contracts.protocol import FurtherOutcome, Outcome, StudyProtocol
from data_contracts.row_numbers import RowNumbers
from data_contracts.tables import Table


@dataclass(frozen=True)
class Started:
    """What n rows are the start of.

    Attributes:
        arms: (n,) name of each row's arm, None where the table does not tell.
        patient: (n,) codes of patients.
        analysed: (n,) which rows are in arms that will be analysed.
    """

    arms: Column
    patient: IntArray
    analysed: BoolArray


def outcome_problems(table: Table, outcome: Outcome, protocol: StudyProtocol, started: Started) -> Iterator[Problem]:
    """What keeps an outcome from being learned from; nothing if the table has no such column.

    Args:
        table: all rows.
        outcome: of the protocol, recorded or derived.
        protocol: the study.
        started: its rows.
    """
    name = outcome.column
    if name not in table.columns:
        return
    where = f"{table.source}, {name}"
    column = table.columns[name]
    yes_no = isinstance(outcome, FurtherOutcome) and outcome.kind == "yes_no"
    problems = list(number_problems(column, name, where, protocol, table.rows))
    if not problems and yes_no:
        problems = list(_other_values(column, where, table.rows))
    yield from problems
    if problems:
        return
    observed = ~np.isnan(column)
    if not observed.any():
        yield Problem(where, "an outcome in some rows", "none in any row", "Check the column.")
        return
    yield from _scarce(where, observed, started)
    chosen = observed & started.analysed
    yield from _alike(where, column[chosen], started.patient[chosen])


def set_aside(table: Table, protocol: StudyProtocol, started: Started) -> dict[str, str]:
    """Derived outcomes that too few patients tell of, each with the reason: the study goes on without them.

    An outcome that a protocol names by its column is refused instead; what is derived may turn out rare by itself.

    Args:
        table: all rows, with the derived columns.
        protocol: the study.
        started: its rows.
    """
    found: dict[str, str] = {}
    for outcome in protocol.secondary[len(protocol.secondary_outcomes) :]:
        for problem in outcome_problems(table, outcome, protocol, started):
            found.setdefault(outcome.column, f"it needs {problem.expected}; found {problem.found}")
    return found


def _other_values(column: FloatArray, where: str, rows: RowNumbers) -> Iterator[Problem]:
    if strangers := rows.told(~np.isnan(column) & ~np.isin(column, (0.0, 1.0))):
        step = "Correct the cells, or call the outcome's kind points."
        yield Problem(where, "1 or 0 (true or false), or an empty cell", f"another in {strangers}", step)


def _scarce(where: str, observed: BoolArray, started: Started) -> Iterator[Problem]:
    """Arms that will be analysed with too few patients whose outcome was observed."""
    counts = Counter(arm for arm in started.arms.tolist() if arm is not None)
    large = {arm: started.arms == arm for arm, n in counts.items() if n >= MINIMUM_EPISODES}
    large = {arm: rows for arm, rows in large.items() if count_patients(started.patient[rows]) >= MINIMUM_CELL}
    if few := [arm for arm, rows in large.items() if count_patients(started.patient[rows & observed]) < MINIMUM_CELL]:
        step = "Wait for these arms' outcomes, or leave the arms out of the protocol and their rows out of the table."
        expected = f"observed outcomes of {MINIMUM_CELL} patients in each arm with {MINIMUM_EPISODES} episodes"
        yield Problem(where, expected, f"fewer in {', '.join(few)}", step)


def _alike(where: str, values: FloatArray, patient: IntArray) -> Iterator[Problem]:
    """Nothing to learn where every value is alike; of two answers a rare one would single patients out."""
    step = "Take the outcome out of the protocol."
    answers = np.unique(values)
    if len(answers) == 1:
        yield Problem(where, "at least two different values", "every value alike", step)
    elif len(answers) == 2 and min(count_patients(patient[values == one]) for one in answers) < MINIMUM_CELL:
        yield Problem(where, f"at least {MINIMUM_CELL} patients with each answer", "fewer with one of them", step)
