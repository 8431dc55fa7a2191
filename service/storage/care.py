"""Who treats whom: as record systems say, until a day; and who broke the glass, for an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from service.access.principal import Principal
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.storage.broken_glass import open_glasses
from service.storage.key_ring import KeyRing
from service.storage.person import PatientName, find_or_make_person
from service.storage.schema import CARE, PERSONS
from service.storage.transaction import Transaction
from service.utc import as_utc

Ground = Literal["local", "session", "care", "emergency"]
"""By what somebody treats a patient: nobody is asked; their token is about the patient; care; broken glass."""


def ground_of(connection: Connection, ring: KeyRing, who: Principal, person: str, now: datetime) -> Ground | None:
    """By what a caller treats a person of their organisation; None if they do not.

    Args:
        connection: to read from.
        ring: makes the keyed hashes of patient and clinician.
        who: the caller.
        person: `persons.id`.
        now: UTC.
    """
    if who.method == "local":
        return "local"
    if who.patient is not None:
        patient = select(PERSONS.c.patient).where(PERSONS.c.id == person)
        if connection.execute(patient).scalar() == ring.pseudonym(who.organisation, who.patient):
            return "session"
    clinician = ring.caller(who.issuer, who.subject)
    newest = select(CARE.c.until).where(CARE.c.person == person, CARE.c.clinician == clinician)
    until = connection.execute(newest.order_by(CARE.c.position.desc()).limit(1)).scalar()
    if until is not None and as_utc(until) > now:
        return "care"
    return "emergency" if person in open_glasses(connection, ring, clinician, now) else None


def treated_by(connection: Connection, ring: KeyRing, who: Principal, now: datetime) -> frozenset[str] | None:
    """The persons whom a clinician treats, by their ids; None if nobody is asked and all are shown."""
    if who.method == "local":
        return None
    clinician, until = ring.caller(who.issuer, who.subject), {}
    cared = select(CARE.c.person, CARE.c.until).where(CARE.c.clinician == clinician).order_by(CARE.c.position)
    for row in connection.execute(cared):
        until[row.person] = as_utc(row.until)
    found = {person for person, end in until.items() if end > now}
    found |= open_glasses(connection, ring, clinician, now)
    if who.patient is not None:
        own = select(PERSONS.c.id).where(PERSONS.c.patient == ring.pseudonym(who.organisation, who.patient))
        found |= set(connection.execute(own).scalars())
    return frozenset(found)


def add_care(
    transaction: Transaction, ring: KeyRing, name: PatientName, clinician: str, until: datetime, entry: Entry
) -> None:
    """Add that a clinician treats a patient until then; the newest of a pair counts, and one in the past ends it.

    Args:
        transaction: to write in.
        ring: seals, should the patient be new.
        name: of the patient.
        clinician: as `KeyRing.caller` names them.
        until: UTC.
        entry: what to remember of it.
    """
    person = find_or_make_person(transaction.connection, ring, name)
    values = {
        "position": transaction.chain.next_seq,
        "person": person.id,
        "clinician": clinician,
        "until": until,
        "at": entry.at,
    }
    transaction.connection.execute(CARE.insert(), values)
    transaction.chain.append(replace(entry, person=person.id, row=row_of(CARE, values)))
