"""Which cards are shown, and how all of them are kept: shown, in shadow, or quiet as no news."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from service.answering import Prepared
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.cds_hooks.deck import Dealt
from service.collaborators import Collaborators
from service.record import consents
from service.storage.cards import StoredCard, add_cards
from service.storage.store import Beside

State: TypeAlias = Literal["shown", "shadow", "quiet"]
User: TypeAlias = tuple[str, str]
"""Who works in the record system, and the firing of the hook."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a card.

    Attributes:
        dealt: the card.
        state: whether it is shown.
        news: keyed hash of what is told so, by which the same is known again.
    """

    dealt: Dealt
    state: State
    news: str


def fates_of(
    dealt: Sequence[Dealt], prepared: Prepared, user: User, given: Collaborators, actor: Actor
) -> tuple[Fate, ...]:
    """What becomes of each card. Cards on safety are shown always."""
    told = (given, actor)
    return tuple(_fate(one, prepared, user, told) for one in dealt)


def _fate(one: Dealt, prepared: Prepared, user: User, told: tuple[Collaborators, Actor]) -> Fate:
    given, _ = told
    if not one.is_safety and given.cards.mode == "shadow":
        return Fate(one, "shadow", _news(one, "shadow", prepared, user, told))
    shown = _news(one, "shown", prepared, user, told)
    since = given.clock() - timedelta(days=given.cards.quiet_days)
    if one.is_safety or not given.store.was_shown(shown, since):
        return Fate(one, "shown", shown)
    return Fate(one, "quiet", _news(one, "quiet", prepared, user, told))


def card_keeper(hook: str, fates: Sequence[Fate], prepared: Prepared, user: User, actor: Actor) -> Beside | None:
    """What writes the cards beside their answer; None for a patient of whom nothing but a refusal is kept."""
    if not fates or not consents(prepared.record.recommendation):
        return None
    record = prepared.record
    rows = [
        StoredCard(
            id=one.dealt.card.uuid,
            recommendation=record.id,
            at=record.created_at,
            hook=hook,
            news=one.news,
            content=_content(one, user),
        )
        for one in fates
    ]
    entry = Entry("card", actor, record.created_at)
    return lambda transaction, person: add_cards(transaction, person, rows, entry)


def _content(one: Fate, user: User) -> str:
    """What is kept of a card, as JSON; the card itself as it was made for the answer."""
    who, instance = user
    beside = {"topic": one.dealt.topic, "state": one.state, "arms": dict(one.dealt.arms)}
    told = json.dumps({**beside, "user": who, "instance": instance})
    return f'{{"card": {one.dealt.told}, {told[1:]}'


def _news(one: Dealt, state: State, prepared: Prepared, user: User, told: tuple[Collaborators, Actor]) -> str:
    """Keyed hash of what is told, to whom, of whom, and whether it is shown: what was not shown was not told."""
    patient, (given, actor) = prepared.record.recommendation.patient_id, told
    said = f"card\n{state}\n{patient}\n{user[0]}\n{one.news}"
    return given.store.ring.pseudonym(actor.principal.organisation, said)
