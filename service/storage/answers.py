"""Recommendations as rows: sealed on the way in, opened on the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select

from data_contracts.errors import WrongState
from service.access.principal import LOCAL
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.consent import Standing
from service.storage.key_ring import KeyRing
from service.storage.person import COLUMNS, PatientName, find_or_make_person, person_of
from service.storage.schema import PERSONS, RECOMMENDATIONS, SURROUNDINGS
from service.storage.surroundings import Surroundings
from service.storage.transaction import Transaction
from service.utc import as_utc

TABLE = RECOMMENDATIONS.name
WITH_PERSON = select(RECOMMENDATIONS, *COLUMNS).join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
INSERT = RECOMMENDATIONS.insert()


@dataclass(frozen=True)
class StoredRecommendation:
    """One row of the table: an answer with what was asked.

    Attributes:
        id, created_at, patient_id, policy_manifest_sha256: as in the answer; created_at in UTC.
        request: the profile as JSON.
        response: the answer's exact bytes.
        organisation: whose patient it is.
        surroundings: what it came from beside policy and profile; None of answers from before that was kept.
        person: whom it is about, by the id that audit records use; the store gives it.
    """

    id: UUID
    created_at: datetime
    patient_id: str
    policy_manifest_sha256: str
    request: str
    response: bytes
    organisation: str = LOCAL.organisation
    surroundings: Surroundings | None = None
    person: str | None = None


def add_answer(
    transaction: Transaction,
    ring: KeyRing,
    item: StoredRecommendation,
    entry: Entry,
    standing: Standing | None = None,
) -> None:
    """Add an answer and the audit record of it.

    Raises:
        WrongState: the ledger of consents says something else than the standing by which the answer was made.
    """
    person = find_or_make_person(transaction.connection, ring, PatientName(item.organisation, item.patient_id))
    if standing is not None and standing.position != person.position:
        raise WrongState("The patient's consent was changed while the answer was made; it was not kept. Ask again.")
    key = str(item.id)
    request = person.seal(item.request, TABLE, key, "request")
    response = person.seal(item.response, TABLE, key, "response")
    values = {
        "id": key,
        "created_at": item.created_at,
        "person": person.id,
        "policy_manifest_sha256": item.policy_manifest_sha256,
        "surroundings_sha256": item.surroundings.sha256 if item.surroundings else None,
        "request": request,
        "response": response,
    }
    transaction.connection.execute(INSERT, values)
    told = row_of(RECOMMENDATIONS, values)
    transaction.chain.append(replace(entry, person=person.id, recommendation=item.id, row=told))


def find_answer(connection: Connection, ring: KeyRing, recommendation_id: UUID) -> StoredRecommendation | None:
    """An answer by its id; None if there is none.

    Raises:
        Erased: the person's key was destroyed.
        Refused, Tampered: it does not open.
    """
    row = (
        connection.execute(WITH_PERSON.where(RECOMMENDATIONS.c.id == str(recommendation_id))).mappings().one_or_none()
    )
    return None if row is None else _opened(ring, row)


def _opened(ring: KeyRing, row: RowMapping) -> StoredRecommendation:
    person, key = person_of(row, row["person"], ring), row["id"]
    return StoredRecommendation(
        id=UUID(key),
        created_at=as_utc(row["created_at"]),
        organisation=row["organisation"],
        patient_id=person.unseal(row["identifier"], PERSONS.name, person.id, "identifier").decode(),
        policy_manifest_sha256=row["policy_manifest_sha256"],
        request=person.unseal(row["request"], TABLE, key, "request").decode(),
        response=person.unseal(row["response"], TABLE, key, "response"),
        surroundings=Surroundings(digest, None) if (digest := row["surroundings_sha256"]) else None,
        person=person.id,
    )


def keep_surroundings(connection: Connection, given: Surroundings) -> None:
    """Keep what answers came from, once."""
    there = select(SURROUNDINGS.c.sha256).where(SURROUNDINGS.c.sha256 == given.sha256)
    if connection.execute(there).scalar() is None:
        connection.execute(SURROUNDINGS.insert(), {"sha256": given.sha256, "content": given.content})
