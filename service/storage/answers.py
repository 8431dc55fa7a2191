"""Recommendations as rows: sealed on the way in, opened on the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select

from data_contracts.errors import Tampered, WrongState
from service.access.principal import LOCAL
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.consent import Standing
from service.model_stop import check_in_service
from service.storage.key_ring import KeyRing
from service.storage.moment import within
from service.storage.person import COLUMNS, PatientName, Person, make_person, patient_of, person_of
from service.storage.prepared import Prepared
from service.storage.schema import PERSONS, RECOMMENDATIONS, SURROUNDINGS
from service.storage.surroundings import Surroundings
from service.storage.transaction import Transaction
from service.utc import as_utc

TABLE = RECOMMENDATIONS.name
WITH_PERSON = select(RECOMMENDATIONS, *COLUMNS).join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
INSERT = Prepared(RECOMMENDATIONS.insert().inline())


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
    model: str | None = None,
) -> Person:
    """Add an answer and the audit record of it; whom it is about.

    Args:
        transaction: to write in.
        ring: seals.
        item: the answer.
        entry: what to remember of it.
        standing: what the ledger of consents said when it was made, if it was asked.
        model: by which it ranks, if that has to be in service.

    Raises:
        WrongState: the ledger of consents says something else by now.
        ModelStopped: the model is out of service by now.
    """
    name = PatientName(item.organisation, item.patient_id)
    now = within(transaction.connection, ring, name, model or "")
    if model is not None:
        check_in_service(model, now.stopped_at)
    transaction.chain.start_at(now.head)
    person = now.person or make_person(transaction.connection, ring, name)
    if standing is not None and standing.position != person.position:
        raise WrongState("The patient's consent was changed while the answer was made; it was not kept. Ask again.")
    if standing is not None and standing.person not in (None, person.id):
        raise WrongState("The patient was erased while the answer was made; it was not kept.")
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
    INSERT.run(transaction.connection, values)
    told = row_of(RECOMMENDATIONS, values)
    transaction.chain.append(replace(entry, person=person.id, recommendation=item.id, row=told))
    return person


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
    if (patient_id := patient_of(row, person, ring)) is None:
        told = "A person's row was changed: it is another organisation's or patient's."
        raise Tampered(f"{told} Run `equipoise audit verify` and compare with a backup.")
    return StoredRecommendation(
        id=UUID(key),
        created_at=as_utc(row["created_at"]),
        organisation=row["organisation"],
        patient_id=patient_id,
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
