"""Removes answers, and tables of studies, older than the deployment keeps them; what was done stays in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, exists, or_, select, update

from service.audit.actor import Actor
from service.audit.entry import Entry
from service.storage.person import EMPTIED
from service.storage.schema import (
    BROKEN_GLASS,
    CARD_FEEDBACK,
    CARDS,
    CARE,
    CONSENTS,
    EVENTS,
    GLASS_REVIEWS,
    HARMS,
    IDEMPOTENCY_KEYS,
    PERSONS,
    RECOMMENDATIONS,
)
from service.storage.store import Store
from service.storage.study_requests import remove_old_tables
from service.storage.transaction import Transaction

NOTHING_LEFT = (
    PERSONS.c.wrapped_key.is_not(None),
    ~exists().where(RECOMMENDATIONS.c.person == PERSONS.c.id),
    ~exists().where(CONSENTS.c.person == PERSONS.c.id),
    ~exists().where(CARDS.c.person == PERSONS.c.id),
)
TREATED = exists().where(CARE.c.person == PERSONS.c.id)
SEEN = exists().where(BROKEN_GLASS.c.person == PERSONS.c.id)
REVIEWED = exists().where(GLASS_REVIEWS.c.glass == BROKEN_GLASS.c.id).correlate(BROKEN_GLASS)
FORGET = update(PERSONS).where(*NOTHING_LEFT).values(dict.fromkeys(EMPTIED))
"""Destroys the keys of persons of whom neither an answer nor a consent is left, and all that leads to them."""


def apply_retention(store: Store, days: int, actor: Actor, now: datetime) -> int:
    """Remove answers older than so many days with their cards and what was done with them; how many there were.

    One with which something was done since, were it a report of harm, is as old as that. Of whom nothing is left then,
    not even a consent, the key goes too; not of whom broken glass is as new, or waits for its review.
    Tables of studies that failed or were cancelled so long ago go as well.
    """
    before = now - timedelta(days=days)
    aged = (RECOMMENDATIONS.c.created_at < before, *(~_done_since(before, table) for table in (EVENTS, HARMS)))

    def work(transaction: Transaction) -> int:
        old = select(RECOMMENDATIONS.c.id).where(*aged)
        execute = transaction.connection.execute
        cards = select(CARDS.c.id).where(CARDS.c.recommendation_id.in_(old))
        execute(delete(CARD_FEEDBACK).where(CARD_FEEDBACK.c.card.in_(cards)))
        execute(delete(CARDS).where(CARDS.c.recommendation_id.in_(old)))
        execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.recommendation_id.in_(old)))
        execute(delete(HARMS).where(HARMS.c.recommendation_id.in_(old)))
        events = execute(delete(EVENTS).where(EVENTS.c.recommendation_id.in_(old))).rowcount
        answers = execute(delete(RECOMMENDATIONS).where(*aged)).rowcount
        tables = remove_old_tables(transaction.connection, before)
        if answers or tables:
            kept = (TREATED.where(CARE.c.until > now), SEEN.where(or_(BROKEN_GLASS.c.at >= before, ~REVIEWED)))
            forgotten = execute(FORGET.where(*(~one for one in kept)).values(erased_at=now)).rowcount
            detail: dict[str, str | int] = {"before": before.isoformat(), "recommendations": answers, "events": events}
            detail |= {"persons": forgotten, "study_tables": tables}
            transaction.chain.append(Entry("retention", actor, now, detail=detail))
        return answers

    return store.write(work)


def _done_since(before: datetime, table: Table) -> ColumnElement[bool]:
    """Whether something was done with an answer since then, by the rows of a table."""
    return exists().where(table.c.recommendation_id == RECOMMENDATIONS.c.id, table.c.at >= before)
