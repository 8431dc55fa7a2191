"""Keeps what became of cards: each item once, joined to its card and so to the answer."""

from __future__ import annotations

from service.audit.actor import Actor
from service.audit.entry import Entry
from service.cds_hooks.feedback import CardFeedback, Feedback, Noted
from service.collaborators import Collaborators
from service.storage.cards import StoredFeedback, add_feedback
from service.storage.transaction import Transaction


def note_feedback(service_id: str, told: Feedback, given: Collaborators, actor: Actor) -> Noted:
    """Keep every item of a message that is new.

    Raises:
        NotReady: the database cannot be reached; nothing of the message was kept.
    """
    now, ring = given.clock(), given.store.ring
    whose = f"{actor.principal.organisation}\n{service_id}"
    items = [_stored(one, whose, given) for one in dict.fromkeys(map(_canonical, told.feedback))]
    entry = Entry("feedback", actor, now)

    def work(transaction: Transaction) -> list[tuple[bool, bool]]:
        return [add_feedback(transaction, ring, item, entry) for item in items]

    done = given.store.write(work)
    new = sum(is_new for is_new, _ in done)
    orphans = sum(not known for _, known in done)
    return Noted(recorded=new, repeated=len(told.feedback) - new, orphans=orphans)


def _canonical(one: CardFeedback) -> str:
    return one.model_dump_json(exclude_none=True)


def _stored(content: str, whose: str, given: Collaborators) -> StoredFeedback:
    one = CardFeedback.model_validate_json(content)
    name = given.store.ring.keyed("feedback on a card", f"{whose}\n{content}")  # few words: a bare hash can be guessed
    return StoredFeedback(name, one.card, given.clock(), one.outcome, content)
