"""Which cards are shown, and how all of them are kept: shown, in shadow, or quiet as no news."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal, TypeAlias

from service.answering import Prepared
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.cds_hooks.deck import Dealt
from service.collaborators import Collaborators
from service.record import consents
from service.storage.cards import StoredCard, add_cards, was_shown
from service.storage.person import PatientName
from service.storage.transaction import Transaction

State: TypeAlias = Literal["shown", "shadow", "quiet"]
User: TypeAlias = tuple[str, str]
"""Who works in the record system, and the firing of the hook."""


def states_of(
    dealt: Sequence[Dealt], prepared: Prepared, user: User, given: Collaborators, actor: Actor
) -> tuple[State, ...]:
    """What becomes of each card. Cards on safety are shown always."""
    since = given.clock() - timedelta(days=given.cards.quiet_days)
    states: list[State] = []
    for one in dealt:
        if one.is_safety:
            states.append("shown")
        elif given.cards.mode == "shadow":
            states.append("shadow")
        else:
            with given.store.looking() as connection:
                told = was_shown(connection, _news(one, "shown", prepared, user, (given, actor)), since)
            states.append("quiet" if told else "shown")
    return tuple(states)


def card_keeper(
    hook: str,
    dealt: Sequence[Dealt],
    states: Sequence[State],
    prepared: Prepared,
    told: tuple[User, Collaborators, Actor],
) -> Callable[[Transaction], None] | None:
    """What writes the cards beside their answer; None for a patient of whom nothing but a refusal is kept."""
    user, given, actor = told
    if not dealt or not consents(prepared.record.recommendation):
        return None
    record, ring = prepared.record, given.store.ring
    rows = [
        StoredCard(
            id=one.card.uuid,
            recommendation=record.id,
            at=record.created_at,
            hook=hook,
            news=_news(one, state, prepared, user, (given, actor)),
            content=json.dumps(
                {
                    "card": one.card.told(),
                    "topic": one.topic,
                    "state": state,
                    "arms": dict(one.arms),
                    "user": user[0],
                    "instance": user[1],
                }
            ),
        )
        for one, state in zip(dealt, states, strict=True)
    ]
    name = PatientName(actor.principal.organisation, record.recommendation.patient_id)
    entry = Entry("card", actor, record.created_at)
    return lambda transaction: add_cards(transaction, ring, name, rows, entry)


def _news(one: Dealt, state: State, prepared: Prepared, user: User, told: tuple[Collaborators, Actor]) -> str:
    """Keyed hash of what is told, to whom, of whom, and whether it is shown: what was not shown was not told."""
    patient, (given, actor) = prepared.record.recommendation.patient_id, told
    said = f"card\n{state}\n{patient}\n{user[0]}\n{one.news}"
    return given.store.ring.pseudonym(actor.principal.organisation, said)
