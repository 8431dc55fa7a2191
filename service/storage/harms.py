"""Reports of harm as rows: sealed on the way in, each with its audit record; they go only with their answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection, select

from data_contracts.errors import NotFound
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.harm import KeptHarm
from service.storage.key_ring import KeyRing
from service.storage.person import COLUMNS, person_of
from service.storage.schema import HARMS, PERSONS, RECOMMENDATIONS
from service.storage.transaction import Transaction

TABLE = HARMS.name
OF_ANSWER = select(PERSONS.c.id, *COLUMNS).join(RECOMMENDATIONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
WITH_PERSON = (
    select(HARMS, PERSONS.c.id.label("who"), *COLUMNS)
    .join(RECOMMENDATIONS, RECOMMENDATIONS.c.id == HARMS.c.recommendation_id)
    .join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
    .order_by(HARMS.c.at, HARMS.c.id)
)


def add_harm(transaction: Transaction, ring: KeyRing, recommendation: UUID, harm: KeptHarm, entry: Entry) -> None:
    """Add a report to an answer.

    Raises:
        NotFound: the answer is not kept any more.
        Erased: the person's key was destroyed.
    """
    query = OF_ANSWER.where(RECOMMENDATIONS.c.id == str(recommendation))
    row = transaction.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("No recommendation has this id.")
    person = person_of(row, row["id"], ring)
    content = person.seal(harm.model_dump_json(), TABLE, str(harm.id), "content")
    values = {"id": str(harm.id), "recommendation_id": str(recommendation), "at": harm.at, "content": content}
    transaction.connection.execute(HARMS.insert(), values)
    told = row_of(HARMS, values)
    transaction.chain.append(replace(entry, person=person.id, recommendation=recommendation, row=told))


def harms_of(connection: Connection, ring: KeyRing, recommendation: UUID) -> tuple[KeptHarm, ...]:
    """All reports of an answer, oldest first."""
    rows = connection.execute(WITH_PERSON.where(HARMS.c.recommendation_id == str(recommendation))).mappings()
    return tuple(
        KeptHarm.model_validate_json(
            person_of(row, row["who"], ring).unseal(row["content"], TABLE, row["id"], "content")
        )
        for row in rows
    )


def all_harms(connection: Connection, ring: KeyRing) -> Iterator[tuple[UUID, str, KeptHarm]]:
    """Every report that still opens, oldest first: of which answer, of which patient, and what."""
    for row in connection.execute(WITH_PERSON).mappings():
        if row["wrapped_key"] is not None:
            person = person_of(row, row["who"], ring)
            patient = person.unseal(row["identifier"], PERSONS.name, person.id, "identifier").decode()
            content = person.unseal(row["content"], TABLE, row["id"], "content")
            yield UUID(row["recommendation_id"]), patient, KeptHarm.model_validate_json(content)
