"""Time zero: for each patient the first start of a therapy of an arm after time without any, and the arm it began."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import ibis

from data_contracts.target_trial import TargetTrial
from experiments.cohort.event_source import FILE, ROW, Expression

RUNNING = datetime.date(9999, 12, 31)
"""The end of a course that has none."""


def index_starts(tables: Mapping[str, Expression], trial: TargetTrial) -> Expression:
    """One row a patient who started a therapy of an arm in the time of enrolment.

    Columns: ``patient_id``; ``time_zero``, the first start that the washout allows or, if it allows none, the first;
    ``washed_out``, whether the washout was without therapy; ``long_known``, whether the patient had a record all that
    time; ``arm``, empty where what was started is no arm's; ``birth_date`` and ``observed_from``; and where the
    patient's row came from.
    """
    starts = starts_of(tables["treatments"], trial)
    index = _first_allowed(_enrolled(_with_history(starts, tables["patients"], trial), trial))
    return index.left_join(_started_within_grace(index, starts, trial), "patient_id").drop("patient_id_right")


def starts_of(treatments: Expression, trial: TargetTrial) -> Expression:
    """Starts of the arms' therapies, ``kind`` being the therapy's name in the protocol."""
    kinds = [(code, kind) for kind in trial.kinds for code in trial.codes(kind)]
    kind = ibis.cases(*((treatments.therapy == code, name) for code, name in kinds))
    return treatments.select("patient_id", "start_date", "end_date", kind=kind).filter(ibis._.kind.notnull())


def _with_history(starts: Expression, patients: Expression, trial: TargetTrial) -> Expression:
    """One row a patient and day of a start, with whether the washout before it is clean and on record."""
    days = starts.group_by("patient_id", "start_date").agg(end=starts.end_date.fill_null(RUNNING).max())
    earlier = ibis.window(group_by=days.patient_id, order_by=days.start_date, preceding=(None, 1))
    days = days.mutate(last_end=days.end.max().over(earlier))
    days = days.join(patients.select("patient_id", "birth_date", "observed_from", FILE, ROW), "patient_id")
    first = days.start_date - ibis.interval(days=trial.time_zero.washout_days)
    return days.mutate(
        washed_out=days.last_end.isnull() | (days.last_end < first),
        long_known=days.observed_from <= first,
    )


def _enrolled(days: Expression, trial: TargetTrial) -> Expression:
    """Starts in the time of enrolment; what came before it was needed for their history."""
    first, last = trial.time_zero.first_day, trial.time_zero.last_day
    days = days if first is None else days.filter(days.start_date >= first)
    return days if last is None else days.filter(days.start_date <= last)


def _first_allowed(days: Expression) -> Expression:
    good = ibis.ifelse(days.washed_out & days.long_known, 1, 0)
    order = ibis.window(group_by=days.patient_id, order_by=[good.desc(), days.start_date])
    first = days.mutate(place=ibis.row_number().over(order)).filter(ibis._.place == 0)
    return first.select(
        "patient_id", "birth_date", "observed_from", FILE, ROW, "washed_out", "long_known", time_zero=first.start_date
    )


def _started_within_grace(index: Expression, starts: Expression, trial: TargetTrial) -> Expression:
    """The arm of each patient: the one whose therapies are exactly those started from time zero to grace's end."""
    joined = starts.join(index.select("patient_id", "time_zero"), "patient_id")
    day = joined.start_date.delta(joined.time_zero, unit="day")
    within = joined.filter((day >= 0) & (day <= trial.time_zero.grace_days))
    kinds = list(trial.kinds)
    got = within.group_by("patient_id").agg(
        **{f"got_{i}": (within.kind == kind).any() for i, kind in enumerate(kinds)}
    )
    branches = []
    for arm, therapies in trial.strategies.items():
        exactly = ibis.and_(*(got[f"got_{i}"] == (kind in therapies) for i, kind in enumerate(kinds)))
        branches.append((exactly, arm))
    return got.select("patient_id", arm=ibis.cases(*branches))
