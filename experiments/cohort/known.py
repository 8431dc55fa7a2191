"""What was on record at time zero. No other file of the cohort builder gives a covariate its records.

``_before`` is the one door: it joins events with time zero and lets through what is not later, so that no covariate
can look past it, whatever a protocol says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis

from data_contracts.event_tables import EVENT_TABLES, WHAT
from data_contracts.target_trial import ControlOutcome, KnownAtTimeZero, TargetTrial
from experiments.cohort.event_source import Expression

BEFORE_DAY = {"treatments": -1, "measures": 0, "events": 0}
"""Last day whose records count as known: a therapy started at time zero is the treatment itself."""


def known_at_time_zero(index: Expression, tables: Mapping[str, Expression], trial: TargetTrial) -> Expression:
    """The index with a column for each covariate of the protocol; what is unknown is empty.

    Args:
        index: one row a patient, as ``index_starts`` gives it.
        tables: the event tables.
        trial: the block that says how each covariate is made.
    """
    wide = index
    for name in WHAT:
        columns = {key: column for key, column in trial.covariates.items() if column.table == name}
        if columns:
            found = taken(_before(index, tables[name], name), columns.items(), trial)
            wide = wide.left_join(found, "patient_id").drop("patient_id_right")
    counted = {name: column for name, column in trial.covariates.items() if column.taken in ("any", "count")}
    wide = wide.mutate(**{name: unknown_if_unseen(wide, name, column) for name, column in counted.items()})
    return _with_fixed(wide, tables["patients"], trial)


def _before(index: Expression, table: Expression, name: str) -> Expression:
    """Events up to time zero, as ``dated`` gives them."""
    joined = dated(index, table, name)
    return joined.filter(joined.day <= BEFORE_DAY[name])


def dated(index: Expression, table: Expression, name: str) -> Expression:
    """A patient's events, ``day`` being counted from time zero and ``what`` what happened."""
    date = table[str(EVENT_TABLES[name].day)]
    value = table.value if "value" in table.columns else ibis.null("float64")
    events = table.select("patient_id", event_date=date, what=table[WHAT[name]], value=value)
    joined = events.join(index.select("patient_id", "time_zero"), "patient_id")
    return joined.mutate(day=joined.event_date.delta(joined.time_zero, unit="day"))


def taken(
    events: Expression, columns: Iterable[tuple[str, KnownAtTimeZero | ControlOutcome]], trial: TargetTrial
) -> Expression:
    """One row a patient of whom there is any event, and a column for each of what is made of them."""
    made = {}
    for name, column in columns:
        first, last = column.window
        meant = events.what.isin(codes_of(column, trial)) & (events.day >= first) & (events.day <= last)
        if column.taken == "last":
            made[name] = events.value.argmax(events.day, where=meant)
        elif column.taken == "days_since":
            made[name] = -events.day.max(where=meant)
        else:
            made[name] = events.count(where=meant)
    return events.group_by("patient_id").agg(**made)


def unknown_if_unseen(wide: Expression, name: str, column: KnownAtTimeZero | ControlOutcome) -> Expression:
    """Of counts: none found is none only where the record reaches back over the window; otherwise nobody knows.

    A count over a window that the record does not cover is unknown too; that there was any is known once one is found.
    """
    count = wide[name].fill_null(0)
    covered = wide.observed_from.delta(wide.time_zero, unit="day") <= column.window[0]
    if column.taken == "count":
        return ibis.ifelse(covered, count, None)
    return ibis.cases((count > 0, 1), (covered, 0))


def _with_fixed(wide: Expression, patients: Expression, trial: TargetTrial) -> Expression:
    """Adds what does not change, and age in whole years."""
    fixed = {name: column for name, column in trial.covariates.items() if column.table == "patients"}
    values = {
        name: patients[column.of[0] if column.of else name]
        for name, column in fixed.items()
        if column.taken == "value"
    }
    # Under names of their own first: a covariate may be called what a column of the index is called.
    named = {f"fixed_{i}": value for i, value in enumerate(values.values())}
    wide = wide.left_join(patients.select("patient_id", **named), "patient_id").drop("patient_id_right")
    ages = {name: _age(wide.birth_date, wide.time_zero) for name, column in fixed.items() if column.taken == "age"}
    return wide.mutate(**{name: wide[f"fixed_{i}"] for i, name in enumerate(values)}, **ages).drop(*named)


def _age(birth: Expression, at: Expression) -> Expression:
    birthday_to_come = (at.month() * 100 + at.day()) < (birth.month() * 100 + birth.day())
    return at.year() - birth.year() - ibis.ifelse(birthday_to_come, 1, 0)


def codes_of(column: KnownAtTimeZero | ControlOutcome, trial: TargetTrial) -> tuple[str, ...]:
    """What the records call that which a covariate or a negative control counts or reads."""
    if column.table != "treatments":
        return column.of
    return tuple(code for what in column.of for code in trial.codes(what))
