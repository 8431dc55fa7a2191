"""Cards and what became of them, as rows: sealed on the way in, each with its audit record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.storage.key_ring import KeyRing
from service.storage.person import COLUMNS, Person, person_of
from service.storage.prepared import Prepared
from service.storage.schema import CARD_FEEDBACK, CARDS, PERSONS
from service.storage.transaction import Transaction
from service.utc import as_utc

INSERT = Prepared(CARDS.insert().inline())
SAID = Prepared(select(CARDS.c.id).where(CARDS.c.news == bindparam("news"), CARDS.c.at > bindparam("since")).limit(1))


@dataclass(frozen=True)
class StoredCard:
    """One card as it is kept.

    Attributes:
        id: its uuid.
        recommendation: the answer that it was made of.
        at: when it was answered, UTC.
        hook: which fired.
        news: keyed hash of what it says, to whom, of whom, and whether it was shown.
        content: the card, whether it was shown, its arms and who saw it, as JSON.
    """

    id: str
    recommendation: UUID
    at: datetime
    hook: str
    news: str
    content: str


@dataclass(frozen=True)
class StoredFeedback:
    """What became of a card.

    Attributes:
        id: keyed hash of the whole item, by which the same one is known again.
        card: the card that it names; of one that is not known here a keyed hash is kept, as it may say anything.
        at: when it came, UTC.
        outcome: accepted or overridden.
        content: the item as JSON; of a card that is not known here it is not kept.
    """

    id: str
    card: str
    at: datetime
    outcome: str
    content: str


def add_cards(transaction: Transaction, person: Person, cards: Sequence[StoredCard], entry: Entry) -> None:
    """Add cards of one person, of whom an answer is kept already."""
    for card in cards:
        sealed = person.seal(card.content, CARDS.name, card.id, "content")
        values = {
            "id": card.id,
            "person": person.id,
            "recommendation_id": str(card.recommendation),
            "at": card.at,
            "hook": card.hook,
            "news": card.news,
            "content": sealed,
        }
        INSERT.run(transaction.connection, values)
        row = row_of(CARDS, values)
        told = replace(
            entry, person=person.id, recommendation=card.recommendation, row=row, detail={"hook": card.hook}
        )
        transaction.chain.append(told)


def was_shown(connection: Connection, news: str, since: datetime) -> bool:
    """Whether the same was shown since then, by the hash of a card that is shown."""
    return SAID.first(connection, news=news, since=since) is not None


def add_feedback(transaction: Transaction, ring: KeyRing, item: StoredFeedback, entry: Entry) -> tuple[bool, bool]:
    """Add what became of a card; whether it is new, and whether its card is known here.

    Of a card that is not known only its name's hash and the outcome are kept: nobody knows whose the words would be.
    """
    connection = transaction.connection
    query = select(CARDS.c.recommendation_id, PERSONS.c.id, *COLUMNS).join(PERSONS, PERSONS.c.id == CARDS.c.person)
    own = PERSONS.c.organisation == entry.actor.principal.organisation  # another's card is as if there were none
    row = connection.execute(query.where(CARDS.c.id == item.card, own)).mappings().one_or_none()
    if connection.execute(select(CARD_FEEDBACK.c.id).where(CARD_FEEDBACK.c.id == item.id)).scalar() is not None:
        return False, row is not None
    known = row is not None and row["wrapped_key"] is not None
    person = person_of(row, row["id"], ring) if row is not None and known else None
    sealed = person.seal(item.content, CARD_FEEDBACK.name, item.id, "content") if person else None
    card = item.card if row is not None else ring.keyed("a card that is not known", item.card)
    values = {"id": item.id, "card": card, "at": item.at, "outcome": item.outcome, "content": sealed}
    values["person"] = person.id if person else None
    connection.execute(CARD_FEEDBACK.insert(), values)
    transaction.chain.append(
        replace(
            entry,
            person=person.id if person else None,
            recommendation=UUID(row["recommendation_id"]) if row is not None else None,
            row=row_of(CARD_FEEDBACK, values),
            detail={"outcome": item.outcome, "card": "known" if row is not None else "unknown"},
        )
    )
    return True, row is not None


def cards_of(connection: Connection, ring: KeyRing) -> Iterator[tuple[StoredCard, str]]:
    """Every card that still opens, in the order of time, with the identifier of its patient."""
    query = select(CARDS, PERSONS.c.id.label("who"), *COLUMNS).join(PERSONS, PERSONS.c.id == CARDS.c.person)
    for row in connection.execute(query.order_by(CARDS.c.at, CARDS.c.id)).mappings():
        if row["wrapped_key"] is None:
            continue
        person = person_of(row, row["who"], ring)
        content = person.unseal(row["content"], CARDS.name, row["id"], "content").decode()
        patient = person.unseal(row["identifier"], PERSONS.name, person.id, "identifier").decode()
        told = (as_utc(row["at"]), row["hook"], row["news"], content)
        yield StoredCard(row["id"], UUID(row["recommendation_id"]), *told), patient


def feedback_of(connection: Connection, ring: KeyRing) -> Iterator[StoredFeedback]:
    """What became of cards that are known here, in the order of time."""
    query = select(CARD_FEEDBACK, PERSONS.c.id.label("who"), *COLUMNS)
    joined = query.join(PERSONS, PERSONS.c.id == CARD_FEEDBACK.c.person)
    for row in connection.execute(joined.order_by(CARD_FEEDBACK.c.at, CARD_FEEDBACK.c.id)).mappings():
        if row["wrapped_key"] is None or row["content"] is None:
            continue
        content = person_of(row, row["who"], ring).unseal(row["content"], CARD_FEEDBACK.name, row["id"], "content")
        yield StoredFeedback(row["id"], row["card"], as_utc(row["at"]), row["outcome"], content.decode())


def feedback_on(
    connection: Connection, ring: KeyRing, recommendation: UUID
) -> Iterator[tuple[StoredFeedback, dict[str, Any]]]:
    """What became of the cards of one answer, each with its card, in the order of time."""
    query = (
        select(CARD_FEEDBACK, CARDS.c.content.label("shown"), PERSONS.c.id.label("who"), *COLUMNS)
        .join(CARDS, CARDS.c.id == CARD_FEEDBACK.c.card)
        .join(PERSONS, PERSONS.c.id == CARDS.c.person)
        .where(CARDS.c.recommendation_id == str(recommendation), CARD_FEEDBACK.c.content.is_not(None))
        .order_by(CARD_FEEDBACK.c.at, CARD_FEEDBACK.c.id)
    )
    for row in connection.execute(query).mappings():
        person = person_of(row, row["who"], ring)
        told = person.unseal(row["content"], CARD_FEEDBACK.name, row["id"], "content").decode()
        shown = json.loads(person.unseal(row["shown"], CARDS.name, row["card"], "content"))
        yield StoredFeedback(row["id"], row["card"], as_utc(row["at"]), row["outcome"], told), shown
