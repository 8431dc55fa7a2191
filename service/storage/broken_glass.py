"""Entries of broken glass and their reviews as rows: sealed, each with its audit record, never changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, RowMapping, func, select

from data_contracts.errors import NotFound, NotPermitted, WrongState
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.break_glass import (
    LASTS,
    GlassBreak,
    GlassBroken,
    GlassReview,
    GlassReviewed,
    KeptGlass,
    KeptReview,
    WaitingGlass,
    WaitingGlasses,
)
from service.storage.key_ring import KeyRing
from service.storage.person import COLUMNS, PatientName, find_person, person_of
from service.storage.schema import BROKEN_GLASS, GLASS_REVIEWS, PERSONS
from service.storage.transaction import Transaction
from service.utc import as_utc

SHOWN = 200
"""How many entries a list shows at most; the oldest come first, and make room once they are reviewed."""

WITH_PERSON = select(BROKEN_GLASS, PERSONS.c.id.label("who"), *COLUMNS).join(
    PERSONS, PERSONS.c.id == BROKEN_GLASS.c.person
)
NO_PATIENT = "Nothing is kept of a patient of this identifier."
NO_ENTRY = "No entry of broken glass has this id."
OWN = "You broke this glass yourself; another auditor or administrator of your organisation has to review it."


def break_glass(transaction: Transaction, ring: KeyRing, wish: GlassBreak, entry: Entry) -> GlassBroken:
    """Let the entry's actor see a patient of their organisation for an hour.

    Args:
        transaction: to write in.
        ring: opens the patient's key.
        wish: whose glass, and why.
        entry: what to remember of it.

    Raises:
        NotFound: nothing is kept of such a patient in the actor's organisation.
    """
    who = entry.actor.principal
    person = find_person(transaction.connection, ring, PatientName(who.organisation, wish.patient_id))
    if person is None:
        raise NotFound(NO_PATIENT)
    made, until = uuid4(), entry.at + LASTS
    kept = KeptGlass(by=who.name, role=who.title(), reason=wish.reason)
    values = {
        "id": str(made),
        "person": person.id,
        "clinician": ring.caller(who.issuer, who.subject),
        "at": entry.at,
        "until": until,
        "content": person.seal(kept.model_dump_json(), BROKEN_GLASS.name, str(made), "content"),
    }
    transaction.connection.execute(BROKEN_GLASS.insert(), values)
    transaction.chain.append(replace(entry, person=person.id, row=row_of(BROKEN_GLASS, values)))
    return GlassBroken(id=made, until=until)


def open_glasses(connection: Connection, ring: KeyRing, clinician: str, now: datetime) -> frozenset[str]:
    """The persons whose glass a clinician broke, while the hour lasts; a verdict of "not justified" ends it.

    Args:
        connection: to read from.
        ring: opens the patient's key.
        clinician: as `KeyRing.caller` names them.
        now: UTC.
    """
    mine = (
        WITH_PERSON.add_columns(GLASS_REVIEWS.c.content.label("review"))
        .join(GLASS_REVIEWS, GLASS_REVIEWS.c.glass == BROKEN_GLASS.c.id, isouter=True)
        .where(BROKEN_GLASS.c.clinician == clinician, BROKEN_GLASS.c.until > now)
    )
    return frozenset(row["who"] for row in connection.execute(mine).mappings() if not _unjustified(row, ring))


def waiting_glasses(connection: Connection, ring: KeyRing, organisation: str) -> WaitingGlasses:
    """What waits for review in an organisation, oldest first."""
    unreviewed = ~select(GLASS_REVIEWS.c.glass).where(GLASS_REVIEWS.c.glass == BROKEN_GLASS.c.id).exists()
    theirs, opens = PERSONS.c.organisation == organisation, PERSONS.c.wrapped_key.is_not(None)
    oldest = WITH_PERSON.where(theirs, unreviewed, opens).order_by(BROKEN_GLASS.c.at, BROKEN_GLASS.c.id).limit(SHOWN)
    entries = tuple(_opened(row, ring) for row in connection.execute(oldest).mappings())
    number = select(func.count()).select_from(BROKEN_GLASS.join(PERSONS, PERSONS.c.id == BROKEN_GLASS.c.person))
    number = number.where(theirs, unreviewed)
    waiting = connection.execute(number.where(opens)).scalar_one()
    erased = connection.execute(number.where(~opens)).scalar_one()
    return WaitingGlasses(waiting=waiting, erased=erased, entries=entries)


def review_glass(
    transaction: Transaction, ring: KeyRing, glass: UUID, review: GlassReview, entry: Entry
) -> GlassReviewed:
    """Write down what the entry's actor found of broken glass.

    Args:
        transaction: to write in.
        ring: opens the patient's key.
        glass: id of the entry of broken glass.
        review: what was found.
        entry: what to remember of it.

    Raises:
        NotFound: the actor's organisation has no such entry.
        NotPermitted: the actor broke it.
        WrongState: it was reviewed before.
        Erased: the patient's key was destroyed.
    """
    who, connection = entry.actor.principal, transaction.connection
    mine = WITH_PERSON.where(BROKEN_GLASS.c.id == str(glass), PERSONS.c.organisation == who.organisation)
    row = connection.execute(mine).mappings().one_or_none()
    if row is None:
        raise NotFound(NO_ENTRY)
    if row["clinician"] == ring.caller(who.issuer, who.subject):
        raise NotPermitted(OWN)
    done = select(GLASS_REVIEWS.c.glass).where(GLASS_REVIEWS.c.glass == str(glass))
    if connection.execute(done).scalar() is not None:
        raise WrongState("This entry was reviewed before, and a review is never changed.")
    person = person_of(row, row["who"], ring)
    kept = KeptReview(**review.model_dump(), by=who.name, role=", ".join(sorted(who.roles)))
    content = person.seal(kept.model_dump_json(), GLASS_REVIEWS.name, str(glass), "content")
    values = {"glass": str(glass), "at": entry.at, "content": content}
    connection.execute(GLASS_REVIEWS.insert(), values)
    told = {**entry.detail, "verdict": review.verdict}
    transaction.chain.append(replace(entry, person=person.id, row=row_of(GLASS_REVIEWS, values), detail=told))
    return GlassReviewed(id=glass, at=entry.at, verdict=review.verdict)


def _unjustified(row: RowMapping, ring: KeyRing) -> bool:
    if row["review"] is None or row["wrapped_key"] is None:  # of who was erased there is nothing to read
        return False
    content = person_of(row, row["who"], ring).unseal(row["review"], GLASS_REVIEWS.name, row["id"], "content")
    return KeptReview.model_validate_json(content).verdict == "not_justified"


def _opened(row: RowMapping, ring: KeyRing) -> WaitingGlass:
    person = person_of(row, row["who"], ring)
    patient = person.unseal(row["identifier"], PERSONS.name, person.id, "identifier").decode()
    kept = KeptGlass.model_validate_json(person.unseal(row["content"], BROKEN_GLASS.name, row["id"], "content"))
    at, until = as_utc(row["at"]), as_utc(row["until"])
    return WaitingGlass(id=UUID(row["id"]), at=at, until=until, patient_id=patient, **kept.model_dump())
