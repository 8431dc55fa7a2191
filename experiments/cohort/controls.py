"""Negative controls: what is on record within a window in which no arm can have changed it."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from data_contracts.event_tables import WHAT
from data_contracts.target_trial import TargetTrial
from experiments.cohort.event_source import Expression
from experiments.cohort.known import dated, taken, unknown_if_unseen
from experiments.cohort.leaving import stayed_until


def with_controls(
    wide: Expression, index: Expression, tables: Mapping[str, Expression], trial: TargetTrial
) -> Expression:
    """Adds a column for each negative control.

    Time zero is taken from the index: taken from what the query has become so far, a database that writes out what is
    named twice would do all of it twice for each table.

    As for covariates nothing on record means that it did not happen, where the record covers the window. Where it is
    known when patients left the started therapy, one after time zero is empty of those who left before its window, as
    outcomes are.
    """
    for name in WHAT:
        columns = {key: control for key, control in trial.controls.items() if control.table == name}
        if columns:
            found = taken(dated(index, tables[name], name), columns.items(), trial)
            wide = wide.left_join(found, "patient_id").drop("patient_id_right")
    counted = {name: control for name, control in trial.controls.items() if control.taken != "last"}
    wide = wide.mutate(**{name: unknown_if_unseen(wide, name, control) for name, control in counted.items()})
    later = {name: control.from_day for name, control in trial.controls.items() if control.from_day > 0}
    kept = {name: ibis.ifelse(stayed_until(wide, first), wide[name], None) for name, first in later.items()}
    return wide.mutate(**kept)
