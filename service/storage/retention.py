"""Removes answers that are older than the deployment keeps them; what was done stays in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from service.audit.actor import Actor
from service.audit.entry import Entry
from service.storage.schema import CARD_FEEDBACK, CARDS, EVENTS, RECOMMENDATIONS
from service.storage.store import Store
from service.storage.transaction import Transaction


def apply_retention(store: Store, days: int, actor: Actor, now: datetime) -> int:
    """Remove answers older than so many days with their cards and what was done with them; how many there were."""
    before = now - timedelta(days=days)

    def work(transaction: Transaction) -> int:
        old = select(RECOMMENDATIONS.c.id).where(RECOMMENDATIONS.c.created_at < before)
        execute = transaction.connection.execute
        cards = select(CARDS.c.id).where(CARDS.c.recommendation_id.in_(old))
        execute(delete(CARD_FEEDBACK).where(CARD_FEEDBACK.c.card.in_(cards)))
        execute(delete(CARDS).where(CARDS.c.recommendation_id.in_(old)))
        events = execute(delete(EVENTS).where(EVENTS.c.recommendation_id.in_(old))).rowcount
        answers = execute(delete(RECOMMENDATIONS).where(RECOMMENDATIONS.c.created_at < before)).rowcount
        if answers:
            detail: dict[str, str | int] = {"before": before.isoformat(), "recommendations": answers, "events": events}
            transaction.chain.append(Entry("retention", actor, now, detail=detail))
        return answers

    return store.write(work)
