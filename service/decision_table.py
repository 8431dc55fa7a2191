"""`equipoise decisions`: of each answer the advice, the first choice and the decision, and how they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from data_contracts.errors import Erased
from service.console import tell
from service.event import Event
from service.patient_rows import KEEP, write_patient_rows
from service.record import RecommendationRecord
from service.storage.answers import StoredRecommendation, find_answer
from service.storage.events import events_of
from service.storage.key_ring import KeyRing
from service.storage.schema import RECOMMENDATIONS
from service.storage.store import Store
from service.withheld import agreement_of

COLUMNS = (
    "recommendation_id", "at", "patient_id", "policy", "study_id", "recommended", "top_set", "first_arm", "first",
    "decided_arm", "decided", "kept", "override_code",
)  # fmt: skip


def write_decisions(store: Store, out: Path, now: datetime) -> int:
    """Write one row for each answer that still opens, and print the counts; the audit remembers that it was read.

    Args:
        store: where answers are kept.
        out: CSV or Parquet file.
        now: UTC.

    Raises:
        BadUsage: the file cannot be written.
        NotReady: the database cannot be reached.
    """
    with store.reading() as connection:
        rows = [_row(answer, events) for answer, events in _answers(connection, store.ring)]
    write_patient_rows(store, "decisions", COLUMNS, rows, out, now)
    tell(summary(rows))
    tell(f"Wrote {len(rows)} answers to {out}. {KEEP}")
    return 0


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """How many followed the advice, why the others did not, and how first choices stand to both."""
    decided = [row for row in rows if row["decided"]]
    kinds = Counter(row["decided"] for row in decided)
    codes = Counter(row["override_code"] or "no code" for row in decided if row["decided"] == "overrides")
    first = [row for row in rows if row["first"]]
    alike = Counter(row["first"] for row in first)
    both = [row for row in first if row["decided"]]
    kept = sum(row["kept"] for row in both)
    toward = sum((row["first"], row["decided"]) == ("overrides", "follows") for row in both)
    away = sum((row["first"], row["decided"]) == ("follows", "overrides") for row in both)
    why = f" ({', '.join(f'{code} {n}' for code, n in codes.most_common())})" if codes else ""
    return (
        f"{len(decided)} of {len(rows)} answers were decided on: {kinds['follows']} as advised, "
        f"{kinds['overrides']} against it{why}, {kinds['no_ranking']} where nothing was ranked.\n"
        f"{len(first)} had a first choice: {alike['follows']} of them in the top set. Of {len(both)} decided since, "
        f"{kept} kept to it, {toward} moved to the advice and {away} away from it."
    )


def _answers(connection: Connection, ring: KeyRing) -> Iterator[tuple[StoredRecommendation, tuple[Event, ...]]]:
    """Every answer that still opens with what was done with it, in the order of time."""
    order = (RECOMMENDATIONS.c.created_at, RECOMMENDATIONS.c.id)
    for name in connection.execute(select(RECOMMENDATIONS.c.id).order_by(*order)).scalars().all():
        try:
            found = find_answer(connection, ring, UUID(name))
        except Erased:
            continue
        if found is not None:
            yield found, events_of(connection, ring, found.id)


def _row(found: StoredRecommendation, events: Sequence[Event]) -> dict[str, Any]:
    answer = RecommendationRecord.model_validate_json(found.response).recommendation
    done = {event.action: event.decision for event in events}
    first, decision, agreement = done.get("first_choice"), done.get("decide"), agreement_of(events)
    top = [answer.recommended, *answer.tied_with] if answer.recommended else []
    return {
        "recommendation_id": str(found.id),
        "at": found.created_at.isoformat(timespec="seconds"),
        "patient_id": found.patient_id,
        "policy": answer.policy,
        "study_id": answer.study_id,
        "recommended": answer.recommended,
        "top_set": "; ".join(str(arm) for arm in top) or None,
        "first_arm": first and first.arm,
        "first": first and first.relation,
        "decided_arm": decision and decision.arm,
        "decided": decision and decision.relation,
        "kept": agreement and agreement.kept,
        "override_code": decision and decision.override_code,
    }
