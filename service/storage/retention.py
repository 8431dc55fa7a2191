"""Removes answers that are older than the deployment keeps them; what was done stays in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update

from service.audit.actor import Actor
from service.audit.entry import Entry
from service.storage.person import EMPTIED
from service.storage.schema import (
    CARD_FEEDBACK,
    CARDS,
    CARE,
    CONSENTS,
    EVENTS,
    HARMS,
    IDEMPOTENCY_KEYS,
    PERSONS,
    RECOMMENDATIONS,
)
from service.storage.store import Store
from service.storage.transaction import Transaction

NOTHING_LEFT = (
    PERSONS.c.wrapped_key.is_not(None),
    ~exists().where(RECOMMENDATIONS.c.person == PERSONS.c.id),
    ~exists().where(CONSENTS.c.person == PERSONS.c.id),
    ~exists().where(CARDS.c.person == PERSONS.c.id),
)
TREATED = exists().where(CARE.c.person == PERSONS.c.id)
FORGET = update(PERSONS).where(*NOTHING_LEFT).values(dict.fromkeys(EMPTIED))
"""Destroys the keys of persons of whom neither an answer, a consent nor care is left, and all that leads to them."""


def apply_retention(store: Store, days: int, actor: Actor, now: datetime) -> int:
    """Remove answers older than so many days with their cards and what was done with them; how many there were.

    Of whom nothing is left then, not even a consent, the key goes too.
    """
    before = now - timedelta(days=days)

    def work(transaction: Transaction) -> int:
        old = select(RECOMMENDATIONS.c.id).where(RECOMMENDATIONS.c.created_at < before)
        execute = transaction.connection.execute
        cards = select(CARDS.c.id).where(CARDS.c.recommendation_id.in_(old))
        execute(delete(CARD_FEEDBACK).where(CARD_FEEDBACK.c.card.in_(cards)))
        execute(delete(CARDS).where(CARDS.c.recommendation_id.in_(old)))
        execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.recommendation_id.in_(old)))
        execute(delete(HARMS).where(HARMS.c.recommendation_id.in_(old)))
        events = execute(delete(EVENTS).where(EVENTS.c.recommendation_id.in_(old))).rowcount
        answers = execute(delete(RECOMMENDATIONS).where(RECOMMENDATIONS.c.created_at < before)).rowcount
        if answers:
            forgotten = execute(FORGET.where(~TREATED.where(CARE.c.until > now)).values(erased_at=now)).rowcount
            detail: dict[str, str | int] = {"before": before.isoformat(), "recommendations": answers, "events": events}
            detail["persons"] = forgotten
            transaction.chain.append(Entry("retention", actor, now, detail=detail))
        return answers

    return store.write(work)
