"""Who is in the trial: the steps of choosing, each a condition that a patient meets or not."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import ibis
import numpy as np
import pandas as pd

from data_contracts.episode import AttritionLine
from data_contracts.errors import Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.target_trial import Criterion, TargetTrial
from experiments.cohort.event_source import Expression

COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}

NUMBER = "^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *$"
"""Text that is a number; without backslashes, which databases read differently."""
STARTED = "Patients who started a therapy of an arm in the time of enrolment"
NO_ARM = "no arm"
"""Said in attrition of patients whose first therapies together are none of the arms'."""


def step_names(trial: TargetTrial) -> tuple[str, ...]:
    """What each step asks for, in the order of choosing, as attrition tells it."""
    days, grace = trial.time_zero.washout_days, trial.time_zero.grace_days
    within = f"within {grace} days" if grace else "that day"
    return (
        f"New users: no therapy of an arm in the {days} days before",
        f"On record for these {days} days",
        f"What was started {within} is an arm",
        *(f"Eligible: {criterion.text}" for criterion in trial.eligibility),
    )


def steps(wide: Expression, trial: TargetTrial) -> tuple[Expression, ...]:
    """Whether each step is met, in the order of ``step_names``; what is not known does not meet one."""
    asked = [wide.washed_out, wide.long_known, wide.arm.notnull()]
    asked += [_meets(wide, criterion) for criterion in trial.eligibility]
    return tuple(condition.fill_null(False) for condition in asked)


def _meets(wide: Expression, criterion: Criterion) -> Expression:
    column = wide[criterion.field]
    if isinstance(criterion.value, str):
        return COMPARE[criterion.op](column.cast("string"), criterion.value)
    number = column.cast("float64")
    if column.type().is_string():
        # Not every database can try: what is no number is never cast.
        number = ibis.cases((column.re_search(NUMBER), number))
    return COMPARE[criterion.op](number, criterion.value)


def choose(
    frame: pd.DataFrame, protocol: StudyProtocol, trial: TargetTrial
) -> tuple[pd.DataFrame, tuple[AttritionLine, ...]]:
    """The rows that meet every step, without the steps' columns, and how many were left after each."""
    arms = frame[protocol.records.arm].fillna(NO_ARM)
    names = (*protocol.arms.names, NO_ARM)
    left = np.ones(len(frame), dtype=np.bool_)
    lines = [AttritionLine(STARTED, _by_arm(arms, names))]
    asked = [name for name in frame.columns if name.startswith("step_")]
    for step, column in zip(step_names(trial), asked, strict=True):
        left &= frame[column].to_numpy(dtype=np.bool_)
        lines.append(AttritionLine(step, _by_arm(arms[left], names)))
    return frame[left].drop(columns=asked), tuple(lines)


def _by_arm(arms: pd.Series[str], names: tuple[str, ...]) -> dict[str, int]:
    return {name: int((arms == name).sum()) for name in names}


def nobody_left(source: str, lines: tuple[AttritionLine, ...]) -> Problem:
    """Says at which step the last patient was lost."""
    step = next(line.step for line in lines if line.total == 0)
    before = max((line.total for line in lines if line.total > 0), default=0)
    found = f"nobody after the step '{step}'" if before else "nobody who started one"
    return Problem(source, "patients in the target trial", found, "Check therapies, washout and eligibility.")
