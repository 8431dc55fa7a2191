"""Persons: each patient's own key, wrapped by a master key. Erasure destroys it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, select, update

from data_contracts.errors import Erased
from service.storage.key_ring import KeyRing
from service.storage.prepared import Prepared
from service.storage.schema import CONSENTS, IDEMPOTENCY_KEYS, PERSONS, RECOMMENDATIONS
from service.storage.sealed_field import KEY_BYTES, Place, seal, unseal

NEWEST = select(func.max(CONSENTS.c.position)).where(CONSENTS.c.person == PERSONS.c.id).scalar_subquery()
BY_PATIENT = select(PERSONS, NEWEST.label("position")).where(PERSONS.c.patient == bindparam("patient"))
INSERT = Prepared(PERSONS.insert().inline())
COLUMNS = (
    *(PERSONS.c.organisation, PERSONS.c.patient, PERSONS.c.identifier),
    *(PERSONS.c.key_id, PERSONS.c.wrapped_key, PERSONS.c.erased_at),
)


EMPTIED = ("patient", "identifier", "key_id", "wrapped_key")
"""Columns that hold what opens a person's fields or leads to the person."""


@dataclass(frozen=True)
class PatientName:
    """Whose identifier it is: what a patient is found by.

    Attributes:
        organisation: that it belongs to.
        patient_id: the identifier.
    """

    organisation: str
    patient_id: str


@dataclass(frozen=True, repr=False)
class Person:
    """One patient as the store knows them, with their key unwrapped.

    Attributes:
        id: drawn at random; all that audit records call them by.
        secret: their key.
        position: of the newest of their statements in the ledger of consents, 0 if there is none.
    """

    id: str
    secret: bytes
    position: int = 0

    def __repr__(self) -> str:
        return f"Person({self.id})"

    def seal(self, content: str | bytes, table: str, row: str, field: str) -> bytes:
        """A field of theirs, to be kept at this place."""
        return seal(self.secret, content.encode() if isinstance(content, str) else content, Place(table, row, field))

    def unseal(self, sealed: bytes, table: str, row: str, field: str) -> bytes:
        """The content of a field of theirs that stands at this place.

        Raises:
            Tampered: it was changed or moved.
        """
        return unseal(self.secret, sealed, Place(table, row, field))


def find_person(connection: Connection, ring: KeyRing, name: PatientName) -> Person | None:
    """The person with this name; None if nothing was kept of them, or all was erased."""
    row = (
        connection.execute(BY_PATIENT, {"patient": ring.pseudonym(name.organisation, name.patient_id)})
        .mappings()
        .one_or_none()
    )
    return None if row is None else replace(person_of(row, row["id"], ring), position=row["position"] or 0)


def find_or_make_person(connection: Connection, ring: KeyRing, name: PatientName) -> Person:
    """The person with this name, made if there is none; inside a write transaction."""
    return find_person(connection, ring, name) or make_person(connection, ring, name)


def make_person(connection: Connection, ring: KeyRing, name: PatientName) -> Person:
    """A new person of this name, of whom nothing was kept; inside a write transaction."""
    made = Person(str(uuid4()), os.urandom(KEY_BYTES))
    key_id, wrapped = ring.wrap(made.secret, made.id)
    values = {
        "id": made.id,
        "organisation": name.organisation,
        "patient": ring.pseudonym(name.organisation, name.patient_id),
        "identifier": made.seal(name.patient_id, "persons", made.id, "identifier"),
        "key_id": key_id,
        "wrapped_key": wrapped,
        "erased_at": None,
    }
    INSERT.run(connection, values)
    return made


def person_of(row: RowMapping, person_id: str, ring: KeyRing) -> Person:
    """The person whose columns a row holds.

    Raises:
        Erased: their key was destroyed.
        Refused, Tampered: it does not open.
    """
    if row["wrapped_key"] is None:
        raise Erased("The person's key was destroyed at their wish; what was kept of them cannot be opened any more.")
    return Person(person_id, ring.unwrap(row["key_id"], row["wrapped_key"], person_id))


def patient_of(row: RowMapping, person: Person, ring: KeyRing) -> str | None:
    """The identifier that a person's row seals; None if it is not that of the organisation and hash beside it.

    Those stand in clear, and whoever can write to the database can change them.

    Raises:
        Tampered: it does not open.
    """
    found = person.unseal(row["identifier"], PERSONS.name, person.id, "identifier").decode()
    return found if ring.pseudonym(row["organisation"], found) == row["patient"] else None


def erase_person(connection: Connection, person_id: str, at: datetime) -> None:
    """Destroy a person's key and all that leads to them; what is sealed stays, and opens to nobody.

    A caller's Idempotency-Key leads to them too, with the keyed hash of all that was asked.
    """
    theirs = select(RECOMMENDATIONS.c.id).where(RECOMMENDATIONS.c.person == person_id)
    connection.execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.recommendation_id.in_(theirs)))
    gone = update(PERSONS).where(PERSONS.c.id == person_id).values(dict.fromkeys(EMPTIED))
    connection.execute(gone.values(erased_at=at))


def wrapped_by_others(connection: Connection, key_id: str, limit: int) -> Iterator[RowMapping]:
    """Up to so many persons whose key another master key wraps."""
    wanted = select(PERSONS).where(PERSONS.c.key_id != key_id).order_by(PERSONS.c.id).limit(limit)
    yield from connection.execute(wanted).mappings().all()


def wrap_anew(connection: Connection, row: RowMapping, ring: KeyRing) -> None:
    """Wrap a person's key by the current master key."""
    key_id, wrapped = ring.wrap(ring.unwrap(row["key_id"], row["wrapped_key"], row["id"]), row["id"])
    connection.execute(update(PERSONS).where(PERSONS.c.id == row["id"]).values(key_id=key_id, wrapped_key=wrapped))
