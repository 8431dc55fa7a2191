"""What was done with recommendations, as rows: sealed on the way in, opened on the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Connection, select

from data_contracts.errors import NotFound
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.event import Event
from service.storage.key_ring import KeyRing
from service.storage.person import COLUMNS, Person, person_of
from service.storage.schema import EVENTS, PERSONS, RECOMMENDATIONS
from service.storage.transaction import Transaction

TABLE = EVENTS.name
Still: TypeAlias = Callable[[Connection], None]
"""Looks once more, in the transaction that writes, whether something may be done."""

PERSON = select(PERSONS.c.id, *COLUMNS).join(RECOMMENDATIONS, PERSONS.c.id == RECOMMENDATIONS.c.person)


def add_event(
    transaction: Transaction,
    ring: KeyRing,
    recommendation: UUID,
    done: tuple[Event, bytes | None],
    entry: Entry,
    still: Still | None = None,
) -> bool:
    """Add what was done, with its page and the audit record of it; False if the action was done before.

    Args:
        transaction: to write in.
        ring: seals.
        recommendation: of which answer.
        done: the event, and the page that it lets the patient see.
        entry: what to remember of it.
        still: raises if it may not be done by now.
    """
    event, page = done
    wanted = (EVENTS.c.recommendation_id == str(recommendation), EVENTS.c.action == event.action)
    if transaction.connection.execute(select(EVENTS.c.action).where(*wanted)).scalar() is not None:
        return False
    if still is not None:
        still(transaction.connection)
    person, key = _person(transaction.connection, ring, recommendation), f"{recommendation} {event.action}"
    content = person.seal(event.model_dump_json(), TABLE, key, "content")
    sealed = None if page is None else person.seal(page, TABLE, key, "page")
    values = {"recommendation_id": str(recommendation), "action": event.action, "at": event.at}
    values = {**values, "content": content, "page": sealed}
    transaction.connection.execute(EVENTS.insert(), values)
    told = row_of(EVENTS, values)
    transaction.chain.append(replace(entry, person=person.id, recommendation=recommendation, row=told))
    return True


def events_of(connection: Connection, ring: KeyRing, recommendation: UUID) -> tuple[Event, ...]:
    """What was done with a recommendation, in that order."""
    query = select(EVENTS.c.action, EVENTS.c.content).where(EVENTS.c.recommendation_id == str(recommendation))
    rows = connection.execute(query.order_by(EVENTS.c.at)).all()
    if not rows:
        return ()
    person = _person(connection, ring, recommendation)
    opened = [person.unseal(row.content, TABLE, f"{recommendation} {row.action}", "content") for row in rows]
    return tuple(Event.model_validate_json(content) for content in opened)


def released_page(connection: Connection, ring: KeyRing, recommendation: UUID) -> bytes | None:
    """The page that was released, byte for byte; None if there is none."""
    wanted = (EVENTS.c.recommendation_id == str(recommendation), EVENTS.c.action == "release")
    sealed = connection.execute(select(EVENTS.c.page).where(*wanted)).scalar_one_or_none()
    if sealed is None:
        return None
    return _person(connection, ring, recommendation).unseal(sealed, TABLE, f"{recommendation} release", "page")


def _person(connection: Connection, ring: KeyRing, recommendation: UUID) -> Person:
    row = connection.execute(PERSON.where(RECOMMENDATIONS.c.id == str(recommendation))).mappings().one_or_none()
    if row is None:
        raise NotFound("No recommendation has this id.")
    return person_of(row, row["id"], ring)
