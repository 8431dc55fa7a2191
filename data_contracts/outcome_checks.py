"""Checks of one outcome: numbers, the two answers of a yes-or-no outcome, and enough of them in every arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from data_contracts.column_checks import MINIMUM_CELL, number_problems
from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray
from data_contracts.errors import Problem
from data_contracts.gate_marks import MINIMUM_EPISODES
from data_contracts.protocol import FurtherOutcome, Outcome, StudyProtocol
from data_contracts.row_numbers import RowNumbers
from data_contracts.tables import Table


def outcome_problems(
    table: Table, outcome: Outcome, protocol: StudyProtocol, arms: Column, analysed: BoolArray
) -> Iterator[Problem]:
    """What keeps an outcome from being learned from; nothing if the table has no such column.

    Args:
        table: all rows.
        outcome: of the protocol, recorded or derived.
        protocol: the study.
        arms: (n,) name of each row's arm, None where the table does not tell.
        analysed: (n,) which rows are in arms that will be analysed.
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
    yield from _scarce(where, observed, arms)
    yield from _alike(where, column[observed & analysed])


def set_aside(table: Table, protocol: StudyProtocol, arms: Column, analysed: BoolArray) -> dict[str, str]:
    """Derived outcomes that too few episodes tell of, each with the reason: the study goes on without them.

    An outcome that a protocol names by its column is refused instead; what is derived may turn out rare by itself.

    Args:
        table: all rows, with the derived columns.
        protocol: the study.
        arms, analysed: as for ``outcome_problems``.
    """
    found: dict[str, str] = {}
    for outcome in protocol.secondary[len(protocol.secondary_outcomes) :]:
        for problem in outcome_problems(table, outcome, protocol, arms, analysed):
            found.setdefault(outcome.column, f"it needs {problem.expected}; found {problem.found}")
    return found


def _other_values(column: FloatArray, where: str, rows: RowNumbers) -> Iterator[Problem]:
    if strangers := rows.told(~np.isnan(column) & ~np.isin(column, (0.0, 1.0))):
        step = "Correct the cells, or call the outcome's kind points."
        yield Problem(where, "1 or 0 (true or false), or an empty cell", f"another in {strangers}", step)


def _scarce(where: str, observed: BoolArray, arms: Column) -> Iterator[Problem]:
    """Arms that will be analysed with too few observed outcomes."""
    started = Counter(arm for arm in arms.tolist() if arm is not None)
    seen = Counter(arm for arm in arms[observed].tolist() if arm is not None)
    if few := [arm for arm, n in started.items() if n >= MINIMUM_EPISODES and seen[arm] < MINIMUM_CELL]:
        step = "Wait for these arms' outcomes, or leave the arms out of the protocol and their rows out of the table."
        expected = f"at least {MINIMUM_CELL} observed outcomes in each arm with {MINIMUM_EPISODES} episodes"
        yield Problem(where, expected, f"fewer in {', '.join(few)}", step)


def _alike(where: str, values: FloatArray) -> Iterator[Problem]:
    """Nothing to learn where every value is alike; of two answers a rare one would single patients out."""
    step = "Take the outcome out of the protocol."
    answers, counts = np.unique(values, return_counts=True)
    if len(answers) == 1:
        yield Problem(where, "at least two different values", "every value alike", step)
    elif len(answers) == 2 and counts.min() < MINIMUM_CELL:
        yield Problem(where, f"at least {MINIMUM_CELL} episodes with each answer", "fewer with one of them", step)
