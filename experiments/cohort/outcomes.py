"""The outcome later: the measurement nearest to when it is due, after time zero and its grace."""

from __future__ import annotations

import ibis

from data_contracts.target_trial import TargetTrial
from experiments.cohort.event_source import Expression
from experiments.cohort.leaving import stayed_until


def with_outcomes(wide: Expression, measures: Expression, trial: TargetTrial) -> Expression:
    """Adds a column for each outcome; empty where nothing was measured within its window.

    Where it is known when patients left the started therapy, it is empty too of those who left before the window.
    """
    joined = measures.select("patient_id", "measure", "date", "value").join(
        wide.select("patient_id", "time_zero"), "patient_id"
    )
    joined = joined.mutate(day=joined.date.delta(joined.time_zero, unit="day"))
    later = joined.filter(joined.day > trial.time_zero.grace_days)
    made = {}
    for name, outcome in trial.outcomes.items():
        first, last = outcome.window
        meant = (later.measure == outcome.measure) & (later.day >= first) & (later.day <= last)
        # Doubled, so that half a step can tell two that are equally near apart: the later is taken.
        distance = (later.day - outcome.due).abs() * 2 - ibis.ifelse(later.day > outcome.due, 1, 0)
        made[name] = later.value.argmin(distance, where=meant)
    found = later.group_by("patient_id").agg(**made)
    wide = wide.left_join(found, "patient_id").drop("patient_id_right")
    counted = {
        name: ibis.ifelse(stayed_until(wide, outcome.window[0]), wide[name], None)
        for name, outcome in trial.outcomes.items()
    }
    return wide.mutate(**counted)
