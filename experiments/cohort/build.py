"""Builds the cohort of a target trial: one row an episode, as `check_episodes` takes it, and how it was arrived at."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from data_contracts.episode import AttritionLine, LeftOut
from data_contracts.errors import BadInput, RowName
from data_contracts.protocol import StudyProtocol
from data_contracts.row_numbers import RowNumbers
from data_contracts.tables import Table, table_from_frame
from data_contracts.target_trial import TargetTrial
from experiments.cohort.choice import choose, nobody_left, steps
from experiments.cohort.controls import with_controls
from experiments.cohort.database_errors import told_plainly
from experiments.cohort.event_checks import event_problems
from experiments.cohort.event_source import FILE, ROW, EventSource, Expression
from experiments.cohort.known import known_at_time_zero
from experiments.cohort.last_visit import with_last_visit
from experiments.cohort.leaving import stayed_until, with_leaving
from experiments.cohort.named import name_problems
from experiments.cohort.open_records import open_records
from experiments.cohort.outcomes import with_outcomes
from experiments.cohort.place import Place, name_of
from experiments.cohort.time_zero import index_starts
from experiments.withdrawn_patients import WHAT, WithdrawnPatients

STAYED = "equipoise_stayed"
"""Whether a patient had not left the started therapy before the primary outcome's window."""


@dataclass(frozen=True)
class BuiltCohort:
    """The episodes of a target trial.

    Attributes:
        table: one row a patient in the trial, by patient, in the protocol's columns.
        chosen: patients left after each step of choosing, by the arm they started.
        left_out: records that are no part of the study, counted.
        left_therapy: patients who left the started therapy too early for the primary outcome to count.
    """

    table: Table
    chosen: tuple[AttritionLine, ...]
    left_out: tuple[LeftOut, ...] = ()
    left_therapy: int = 0


def build_cohort(
    place: Place,
    protocol: StudyProtocol,
    trial: TargetTrial,
    today: datetime.date,
    withdrawn: WithdrawnPatients | None = None,
) -> BuiltCohort:
    """Read records, check them, and build the cohort of the target trial.

    Args:
        place: where the records are.
        protocol: the study.
        trial: its target trial.
        today: no record is of a later day.
        withdrawn: patients who are left out before anybody is chosen.

    Raises:
        BadInput: the tables, or what the protocol asks of them, have problems, or nobody is left; all are listed.
    """
    with told_plainly(place), open_records(place, trial) as source:
        return cohort_of(source, place, protocol, trial, today, withdrawn)


def cohort_of(
    source: EventSource,
    place: Place,
    protocol: StudyProtocol,
    trial: TargetTrial,
    today: datetime.date,
    withdrawn: WithdrawnPatients | None = None,
) -> BuiltCohort:
    """The cohort of records that are open; the rest as ``build_cohort`` has it."""
    if problems := [*event_problems(source, today, trial.cleaning), *name_problems(source, trial)]:
        raise BadInput(problems)
    frame = source.connection.to_pyarrow(cohort_expression(source.joined, protocol, trial)).to_pandas()
    frame = frame.sort_values(protocol.records.patient_id, ignore_index=True)
    frame, gone = _without(frame, protocol.records.patient_id, withdrawn)
    chosen, lines = choose(frame, protocol, trial)
    if chosen.empty:
        raise BadInput([nobody_left(name_of(place), lines)])
    names = [name for name in (protocol.records.patient_id, protocol.records.cluster) if name]
    episodes = chosen.drop(columns=[FILE, ROW, STAYED])
    table = table_from_frame(episodes, f"the cohort built from {name_of(place)}", names)
    left = int((~chosen[STAYED].to_numpy(dtype=np.bool_)).sum())
    return BuiltCohort(replace(table, rows=_rows_of_patients(source, chosen)), lines, (*source.left_out, *gone), left)


def _without(
    frame: pd.DataFrame, column: str, withdrawn: WithdrawnPatients | None
) -> tuple[pd.DataFrame, tuple[LeftOut, ...]]:
    """The patients who did not withdraw, and how many did."""
    if withdrawn is None or not (listed := withdrawn.among(frame[column].tolist())).any():
        return frame, ()
    return frame[~listed].reset_index(drop=True), (LeftOut(WHAT, int(frame[column][listed].nunique())),)


def _rows_of_patients(source: EventSource, chosen: pd.DataFrame) -> RowNumbers:
    """Episodes by their patients' rows in the source; of several files of patients, by their own places."""
    files = chosen[FILE].unique()
    if len(files) > 1:
        return RowNumbers(np.arange(1, len(chosen) + 1), RowName("episode", "in the order of their patients"))
    name = source.rows(files[0])
    numbered = name.numbered if files[0] in name.numbered else f"{files[0]} {name.numbered}"
    return RowNumbers(chosen[ROW].to_numpy(dtype=np.int64), RowName("episode", numbered, name.note))


def cohort_expression(tables: Mapping[str, Expression], protocol: StudyProtocol, trial: TargetTrial) -> Expression:
    """One row a patient who started a therapy of an arm: the protocol's columns, and whether each step is met.

    One expression, which any database that ibis speaks to can run; steps are ``step_0`` and so on. ``FILE`` and
    ``ROW`` are those of the patient; ``STAYED`` holds of everybody unless the study is per-protocol.
    """
    index = index_starts(tables, trial)
    wide = known_at_time_zero(index, tables, trial)
    wide = with_leaving(wide, tables["treatments"], trial) if protocol.per_protocol else wide
    wide = with_outcomes(wide, tables["measures"], trial)
    wide = with_controls(wide, index, tables, trial)
    wide = with_last_visit(wide, tables, protocol, trial)
    records = protocol.records
    keys = {records.patient_id: wide.patient_id, records.arm: wide.arm}
    keys |= {records.time: wide.time_zero.cast("string")} if records.time else {}
    lost = (protocol.censoring.last_visit,) if protocol.censoring else ()
    columns = {name: wide[name] for name in (*trial.covariates, *trial.outcomes, *trial.controls, *lost)}
    met = {f"step_{i}": condition for i, condition in enumerate(steps(wide, trial))}
    stayed = {STAYED: stayed_until(wide, trial.outcomes[protocol.outcome.column].window[0])}
    return wide.select(FILE, ROW, **keys, **columns, **met, **stayed)
