"""What a protocol names and the records do not have: a slip of spelling would otherwise count as 'never'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_contracts.errors import Problem
from data_contracts.event_tables import WHAT
from data_contracts.target_trial import TargetTrial
from experiments.cohort.event_source import EventSource
from experiments.cohort.known import codes_of
from experiments.cohort.mixed import mixed_problems


def name_problems(source: EventSource, trial: TargetTrial) -> Iterator[Problem]:
    """Names of the protocol without a record, and records that mean what it names but say it by another code."""
    said = {name: _said(source, name) for name in WHAT}
    yield from _unnamed_problems(source, trial, said)
    yield from mixed_problems(source, _named(trial), said)


def _named(trial: TargetTrial) -> dict[str, set[str]]:
    """By table, every name or code of the records that the protocol uses."""
    named: dict[str, set[str]] = {name: set() for name in WHAT}
    named["treatments"] |= {code for therapy in trial.kinds for code in trial.codes(therapy)}
    named["measures"] |= {outcome.measure for outcome in trial.outcomes.values()}
    for column in trial.covariates.values():
        if column.table in named:
            named[column.table] |= set(codes_of(column, trial))
    for control in trial.controls.values():
        named[control.table] |= set(codes_of(control, trial))
    return named


def _unnamed_problems(source: EventSource, trial: TargetTrial, said: Mapping[str, set[str]]) -> Iterator[Problem]:
    step = "Correct the spelling in the protocol, or look how the records call it."
    for therapy in trial.kinds:
        if not said["treatments"] & set(trial.codes(therapy)):
            where = f"protocol, target_trial.therapies.{therapy}"
            yield Problem(where, f"its names or codes in {source.names['treatments']}", "no row of it", step)
    for name, outcome in trial.outcomes.items():
        if outcome.measure not in said["measures"]:
            where = f"protocol, target_trial.outcomes.{name}"
            yield Problem(where, f"its measure in {source.names['measures']}", "no row of it", step)
    for name, control in trial.controls.items():
        if not said[control.table] & set(codes_of(control, trial)):
            where = f"protocol, target_trial.controls.{name}"
            yield Problem(where, f"one of its names in {source.names[control.table]}", "no row of any", step)
    for name, column in trial.covariates.items():
        where = f"protocol, target_trial.covariates.{name}"
        if column.table != "patients":
            if not said[column.table] & set(codes_of(column, trial)):
                yield Problem(where, f"one of its names in {source.names[column.table]}", "no row of any", step)
        elif (
            column.taken == "value" and (column.of[0] if column.of else name) not in source.tables["patients"].columns
        ):
            yield Problem(where, f"its column in {source.names['patients']}", "no such column", step)


def _said(source: EventSource, name: str) -> set[str]:
    """Everything that an event table says happened."""
    said = source.connection.to_pyarrow(source.tables[name][[WHAT[name]]].distinct())
    return {value for value in said.column(0).to_pylist() if value}
