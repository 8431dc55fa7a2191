"""When a patient left the therapy that was started: stopped it, or began another arm's."""

from __future__ import annotations

import ibis

from data_contracts.target_trial import TargetTrial
from experiments.cohort.event_source import Expression
from experiments.cohort.time_zero import RUNNING, starts_of

LEFT = "equipoise_left"
"""First day from time zero on which a patient had left the started therapy; empty who never did."""


def with_leaving(wide: Expression, treatments: Expression, trial: TargetTrial) -> Expression:
    """Adds ``LEFT``: the start of a therapy of another arm after the grace, or the end of a course of the arm's own.

    A course that is taken up again within the days of grace goes on; of a therapy that is not, the first day after
    them is the day of leaving, as only then it was seen to be stopped. Of several therapies started together, each
    has to go on.
    """
    grace = trial.time_zero.grace_days
    joined = starts_of(treatments, trial).join(wide.select("patient_id", "time_zero", "arm"), "patient_id")
    joined = joined.mutate(
        day=joined.start_date.delta(joined.time_zero, unit="day"),
        until=joined.end_date.fill_null(RUNNING).delta(joined.time_zero, unit="day") + grace,
        own=ibis.or_(*((joined.arm == arm) & joined.kind.isin(own) for arm, own in trial.strategies.items())),
    )
    courses = joined.filter(joined.day >= 0)
    same, order = [courses.patient_id, courses.kind], [courses.day, courses.until]
    courses = courses.mutate(
        covered=courses.until.max().over(ibis.window(group_by=same, order_by=order, preceding=(None, 0))),
        taken_up=courses.day.lead().over(ibis.window(group_by=same, order_by=order)),
    )
    stopped = courses.own & (courses.taken_up.isnull() | (courses.taken_up > courses.covered))
    changed = ~courses.own & (courses.day > grace)
    left = courses.mutate(left_on=ibis.cases((stopped, courses.covered + 1), (changed, courses.day)))
    first = left.group_by("patient_id").agg(**{LEFT: left.left_on.min()})
    return wide.left_join(first, "patient_id").drop("patient_id_right")


def stayed_until(wide: Expression, day: int) -> Expression:
    """Whether a patient had not left before a day; always so where nobody asked when patients left."""
    return wide[LEFT].isnull() | (wide[LEFT] >= day) if LEFT in wide.columns else ibis.literal(True)
