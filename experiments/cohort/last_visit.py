"""Up to which visit a patient was seen, by the last measure or event on record within follow-up."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from data_contracts.protocol import StudyProtocol
from data_contracts.target_trial import DAYS_A_WEEK, TargetTrial
from experiments.cohort.event_source import Expression
from experiments.cohort.leaving import LEFT, stayed_until


def with_last_visit(
    wide: Expression, tables: Mapping[str, Expression], protocol: StudyProtocol, trial: TargetTrial
) -> Expression:
    """Adds the column that ``censoring.last_visit`` names; without that block there is none.

    Who has the primary outcome was seen at the last visit, and nobody else was. Others were seen at the earlier visit
    that is nearest to their last record, of two equally near the later; at none if time zero is nearer than the
    first. Of those who left the started therapy before the outcome's window, where that is asked for, later records do
    not count. Measures of the course after the last visit do not count either.
    """
    if protocol.censoring is None:
        return wide
    block, primary = protocol.censoring, protocol.outcome.column
    found = _last_seen(wide, tables, *trial.outcomes[primary].window)
    joined = wide.left_join(found, "patient_id").drop("patient_id_right")
    due = [0, *(round(DAYS_A_WEEK * visit) for visit in block.visits[:-1])]
    nearest = [
        # Doubled, as half a day is no day.
        (joined.last_seen * 2 >= due[place] + due[place + 1], str(visit))
        for place, visit in enumerate(block.visits[:-1])
    ]
    latest_first = [(joined[primary].notnull(), str(block.visits[-1])), *reversed(nearest)]
    # As text first: what stands in a query as 4.0 is a decimal to PostgreSQL and not a number as ours are.
    seen = joined.mutate(**{block.last_visit: ibis.cases(*latest_first).cast("float64")}).drop("last_seen")
    until = {name: seen[block.last_visit] >= visit for visit, name in zip(block.visits, block.course, strict=False)}
    return seen.mutate(**{name: ibis.ifelse(there, seen[name], None) for name, there in until.items()})


def _last_seen(wide: Expression, tables: Mapping[str, Expression], first: int, last: int) -> Expression:
    """The day of the last record after time zero; what lies after the outcome's window nobody looks at."""
    records = tables["measures"].select("patient_id", "date").union(tables["events"].select("patient_id", "date"))
    names = [name for name in ("patient_id", "time_zero", LEFT) if name in wide.columns]
    joined = records.join(wide.select(*names), "patient_id")
    joined = joined.mutate(day=joined.date.delta(joined.time_zero, unit="day"))
    within = joined.filter((joined.day > 0) & (joined.day <= last))
    if LEFT in names:
        within = within.filter(stayed_until(within, first) | (within.day < within[LEFT]))
    return within.group_by("patient_id").agg(last_seen=within.day.max())
