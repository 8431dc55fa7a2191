"""Seals what an earlier schema kept in clear, and drops it; each answer and event gets its audit record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, inspect, text

from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.event import Event
from service.storage.answers import StoredRecommendation, add_answer
from service.storage.database import unreachable
from service.storage.events import add_event
from service.storage.store import Store
from service.storage.transaction import Transaction
from service.utc import as_utc

ANSWERS = text("SELECT * FROM recommendations_0003 ORDER BY created_at, id")
EVENTS = text("SELECT * FROM events_0003 ORDER BY at")
DROPS = (text("DROP TABLE events_0003"), text("DROP TABLE recommendations_0003"))


def take_over(store: Store, now: datetime) -> int:
    """Seal and drop, in one transaction; how many answers there were.

    Raises:
        NotReady: the database did not do it; what was kept stays as it was.
    """
    if not _waits(store):
        return 0
    ring, entry = store.ring, Entry("taken_over", OPERATOR, now)

    def work(transaction: Transaction) -> int:
        rows = transaction.connection.execute(ANSWERS).all()
        for row in rows:
            add_answer(
                transaction, ring, _answer(row), replace(entry, detail={"made_at": _utc(row.created_at).isoformat()})
            )
        for row in transaction.connection.execute(EVENTS).all():
            done = (Event.model_validate_json(row.content), row.page)
            add_event(transaction, ring, UUID(row.recommendation_id), done, entry)
        for drop in DROPS:
            transaction.connection.execute(drop)
        return len(rows)

    return store.write(work)


def _waits(store: Store) -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return bool(inspect(store.engine).has_table("recommendations_0003"))
    except SQLAlchemyError as error:
        raise unreachable(error) from None


def _answer(row: Row[tuple[object, ...]]) -> StoredRecommendation:
    return StoredRecommendation(
        id=UUID(row.id),
        created_at=_utc(row.created_at),
        patient_id=row.patient_id,
        policy_manifest_sha256=row.policy_manifest_sha256,
        request=row.request,
        response=row.response,
    )


def _utc(at: datetime | str) -> datetime:
    """SQLite gives back text where no type is declared."""
    return as_utc(datetime.fromisoformat(at) if isinstance(at, str) else at)
