"""The audit record of a reading: somebody was given what is kept of a patient."""

from __future__ import annotations

from datetime import datetime

from service.audit.actor import Actor
from service.audit.entry import Entry
from service.storage.answers import StoredRecommendation


def reading(row: StoredRecommendation, actor: Actor, now: datetime, what: str) -> Entry:
    """That the recommendation, its history, basis or sheet (`what`) was given to somebody."""
    return Entry("read", actor, now, person=row.person, recommendation=row.id, detail={"what": what})
