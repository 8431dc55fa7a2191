"""What an answer hangs on, in one look each: before it is made, and again in the transaction that keeps it.

Before: what the ledger of consents says of the patient, and the model's switch. Within: the patient's key, the
ledger's newest position, the switch, and the chain's end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, func, select

from data_contracts.withdrawn import listed_as
from service.audit.chain import NOTHING, Link
from service.consent import Standing
from service.storage.consents import standing_by
from service.storage.key_ring import KeyRing
from service.storage.person import NEWEST as NEWEST_STATEMENT
from service.storage.person import PatientName, Person
from service.storage.prepared import Prepared
from service.storage.schema import AUDIT, CONSENTS, PERSONS, STOPS
from service.storage.stops import COUNTS, out_since

ASKED = select(bindparam("patient", type_=String).label("patient")).subquery("asked")
LAST_TURN = select(func.max(STOPS.c.position)).where(STOPS.c.policy == bindparam("policy", type_=String), COUNTS)
LAST_RECORD = select(func.max(AUDIT.c.seq))
SWITCH = (STOPS.c.switch, STOPS.c.at.label("turned_at"))
ABOUT = ASKED.outerjoin(PERSONS, PERSONS.c.patient == ASKED.c.patient).outerjoin(
    STOPS, STOPS.c.position == LAST_TURN.scalar_subquery()
)

GONE, LAST_WORDS = PERSONS.alias("gone"), CONSENTS.alias("last_words")
ERASED = (
    select(func.max(LAST_WORDS.c.at))
    .join(GONE, GONE.c.id == LAST_WORDS.c.person)
    .where(LAST_WORDS.c.listed == bindparam("listed", type_=String), GONE.c.patient.is_(None))
    .where(GONE.c.organisation == bindparam("organisation", type_=String), LAST_WORDS.c.purpose == "decision_support")
)
"""When a patient of an organisation was erased whom the list of withdrawn patients calls so."""

BEFORE = Prepared(
    select(
        *(PERSONS.c.id, *SWITCH, CONSENTS.c.position, CONSENTS.c.purpose, CONSENTS.c.answer, CONSENTS.c.at),
        ERASED.scalar_subquery().label("erased_at"),
    )
    .select_from(ABOUT.outerjoin(CONSENTS, CONSENTS.c.person == PERSONS.c.id))
    .order_by(CONSENTS.c.position)
)
WITHIN = Prepared(
    select(
        *(PERSONS.c.id, PERSONS.c.key_id, PERSONS.c.wrapped_key),
        *(NEWEST_STATEMENT.label("position"), *SWITCH, AUDIT.c.seq, AUDIT.c.hash),
    ).select_from(ABOUT.outerjoin(AUDIT, AUDIT.c.seq == LAST_RECORD.scalar_subquery()))
)


@dataclass(frozen=True)
class Before:
    """What is known when an answer is asked for.

    Attributes:
        standing: what the ledger says of the patient.
        stopped_at: since when the model is out of service, UTC; None if it answers.
    """

    standing: Standing
    stopped_at: datetime | None


@dataclass(frozen=True)
class Within:
    """What holds while an answer is written.

    Attributes:
        person: the patient; None if nothing was kept of them.
        stopped_at: since when the model is out of service, UTC; None if it answers.
        head: the newest record that the chain had before this transaction.
    """

    person: Person | None
    stopped_at: datetime | None
    head: Link


def before(connection: Connection, ring: KeyRing, name: PatientName, policy: str) -> Before:
    """Look before an answer for a patient by a model is made."""
    patient = ring.pseudonym(name.organisation, name.patient_id)
    listed = listed_as(ring.list_salt, name.patient_id)
    rows = BEFORE.rows(connection, patient=patient, policy=policy, listed=listed, organisation=name.organisation)
    standing = replace(standing_by(patient, rows), erased_at=rows[0].erased_at)
    return Before(standing, out_since(rows[0].switch, rows[0].turned_at))


def within(connection: Connection, ring: KeyRing, name: PatientName, policy: str) -> Within:
    """Look inside the transaction that keeps an answer.

    Raises:
        Refused, Tampered: the person's key does not open.
    """
    patient = ring.pseudonym(name.organisation, name.patient_id)
    (row,) = WITHIN.rows(connection, patient=patient, policy=policy)
    person = None
    if row.id is not None:
        person = Person(row.id, ring.unwrap(row.key_id, row.wrapped_key, row.id), row.position or 0)
    head = NOTHING if row.seq is None else Link(row.seq, "", row.hash)
    return Within(person, out_since(row.switch, row.turned_at), head)
