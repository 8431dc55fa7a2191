"""The ledger of consents as rows: statements are added, never changed; the newest of a purpose counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, true

from data_contracts.withdrawn import listed_as
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.consent import KEEPS_OUT, Purpose, Said, Standing, Statement, Written
from service.event import Signature
from service.storage.key_ring import KeyRing
from service.storage.person import PatientName, Person, find_or_make_person
from service.storage.schema import CONSENTS, PERSONS
from service.storage.transaction import Transaction
from service.utc import as_utc

TABLE = CONSENTS.name
STATEMENTS = (
    select(PERSONS.c.id, CONSENTS.c.position, CONSENTS.c.purpose, CONSENTS.c.answer, CONSENTS.c.at)
    .join_from(PERSONS, CONSENTS, CONSENTS.c.person == PERSONS.c.id, isouter=True)
    .where(PERSONS.c.patient == bindparam("patient"))
    .order_by(CONSENTS.c.position)
)


def standing_of(connection: Connection, ring: KeyRing, name: PatientName) -> Standing:
    """What the ledger says of a patient."""
    patient = ring.pseudonym(name.organisation, name.patient_id)
    return standing_by(patient, connection.execute(STATEMENTS, {"patient": patient}).all())


def standing_by(patient: str, rows: Sequence[Any]) -> Standing:
    """What the ledger says of a patient by its rows, oldest first: the person's id, and statements if there are any.

    Args:
        patient: their keyed hash.
        rows: with id, position, purpose, answer and at.
    """
    said = {row.purpose: (row.answer, row.at) for row in rows if row.position is not None}
    return Standing(patient, rows[0].id if rows else None, rows[-1].position or 0 if rows else 0, said)


def newest_statements(
    connection: Connection, purpose: Purpose, organisation: str, until: int | None = None
) -> tuple[dict[str, tuple[Said, datetime]], int]:
    """What an organisation's patients said last of a purpose, by their keyed hashes; and the ledger's newest position.

    Who was erased is there by what the list of withdrawn patients calls them, which is all that is left.

    Args:
        connection: to read from.
        purpose: of what.
        organisation: whose patients.
        until: statements after this position are left out; None for none.
    """
    patient = func.coalesce(PERSONS.c.patient, CONSENTS.c.listed).label("patient")
    query = (
        select(patient, CONSENTS.c.answer, CONSENTS.c.at)
        .join_from(CONSENTS, PERSONS, CONSENTS.c.person == PERSONS.c.id)
        .where(PERSONS.c.organisation == organisation, patient.is_not(None), CONSENTS.c.purpose == purpose)
        .where(true() if until is None else CONSENTS.c.position <= until)
        .order_by(CONSENTS.c.position)
    )
    position = (
        connection.execute(select(func.max(CONSENTS.c.position))).scalar() or 0
    )  # first: what comes later is new
    return {row.patient: (row.answer, as_utc(row.at)) for row in connection.execute(query)}, position


def add_statement(transaction: Transaction, ring: KeyRing, statement: Statement, entry: Entry) -> Standing:
    """Add a statement and the audit record of it, in whose place it stands."""
    connection = transaction.connection
    name = PatientName(entry.actor.principal.organisation, statement.patient_id)
    person = find_or_make_person(connection, ring, name)
    position = transaction.chain.next_seq
    kept = statement.model_dump_json(include={"by", "role", "note"})
    content = person.seal(kept, TABLE, str(position), "content")
    out = statement.answer == "withdrawn" and statement.purpose in KEEPS_OUT
    listed = listed_as(ring.list_salt, statement.patient_id) if out else None
    values = {"position": position, "person": person.id, "purpose": statement.purpose, "answer": statement.answer}
    values |= {"at": entry.at, "content": content, "listed": listed}
    connection.execute(CONSENTS.insert(), values)
    told = row_of(CONSENTS, values)
    detail = {**entry.detail, "purpose": statement.purpose, "answer": statement.answer}
    transaction.chain.append(replace(entry, person=person.id, row=told, detail=detail))
    return standing_of(connection, ring, name)


def statements_of(connection: Connection, who: Person) -> tuple[Written, ...]:
    """Every statement of a patient, newest first, with who wrote it down."""
    query = select(CONSENTS).where(CONSENTS.c.person == who.id).order_by(CONSENTS.c.position.desc())
    return tuple(_written(row, who) for row in connection.execute(query).mappings())


def count_standing(connection: Connection, organisation: str) -> dict[tuple[str, str], int]:
    """How many patients of an organisation last gave, and last withdrew, each purpose."""
    newest = (
        select(func.max(CONSENTS.c.position))
        .join(PERSONS, PERSONS.c.id == CONSENTS.c.person)
        .where(PERSONS.c.organisation == organisation)
        .group_by(CONSENTS.c.person, CONSENTS.c.purpose)
    )
    counted = select(CONSENTS.c.purpose, CONSENTS.c.answer, func.count()).where(CONSENTS.c.position.in_(newest))
    rows = connection.execute(counted.group_by(CONSENTS.c.purpose, CONSENTS.c.answer)).all()
    return {(purpose, answer): count for purpose, answer, count in rows}


def _written(row: RowMapping, who: Person) -> Written:
    kept = Signature.model_validate_json(who.unseal(row["content"], TABLE, str(row["position"]), "content"))
    return Written(row["purpose"], row["answer"], as_utc(row["at"]), kept)


def listed_since(connection: Connection, purpose: Purpose, position: int) -> frozenset[str]:
    """What the list calls those who withdrew from a purpose after a position, whatever they said since."""
    query = select(CONSENTS.c.listed).where(CONSENTS.c.purpose == purpose, CONSENTS.c.position > position)
    return frozenset(connection.execute(query.where(CONSENTS.c.answer == "withdrawn")).scalars())


def listed_patients(connection: Connection, organisation: str | None = None) -> tuple[str, ...]:
    """What the list of withdrawn patients calls those who last withdrew from a purpose that keeps out.

    Args:
        connection: to read from.
        organisation: whose patients; None for all.
    """
    query = select(CONSENTS.c.person, CONSENTS.c.purpose, CONSENTS.c.answer, CONSENTS.c.listed)
    if organisation is not None:
        query = query.join(PERSONS, PERSONS.c.id == CONSENTS.c.person).where(PERSONS.c.organisation == organisation)
    newest = {(row.person, row.purpose): row for row in connection.execute(query.order_by(CONSENTS.c.position))}
    return tuple(sorted({row.listed for row in newest.values() if row.answer == "withdrawn" and row.listed}))
