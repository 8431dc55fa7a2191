"""Lists of answers: an organisation's newest, and all of one patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, desc, select

from service.storage.key_ring import KeyRing
from service.storage.person import COLUMNS, PatientName, Person, find_person, person_of
from service.storage.schema import EVENTS, PERSONS, RECOMMENDATIONS

MOST = 200
"""Answers of one patient that are listed at most."""

LISTED = (RECOMMENDATIONS.c.id, RECOMMENDATIONS.c.created_at, RECOMMENDATIONS.c.person)


@dataclass(frozen=True)
class Listed:
    """One answer in a list.

    Attributes:
        id: of the answer.
        created_at: when it was made.
        patient_id: the patient's identifier.
        person: their random id, as audit records call them.
        actions: what was done with it.
    """

    id: str
    created_at: datetime
    patient_id: str
    person: str
    actions: frozenset[str]


def newest_of_each(
    connection: Connection, ring: KeyRing, organisation: str, limit: int, *, treated: frozenset[str] | None
) -> tuple[Listed, ...]:
    """The newest answer of each of the patients who were asked for last, newest first; who was erased is left out.

    Args:
        connection: to read from.
        ring: opens identifiers.
        organisation: whose patients.
        limit: how many at most.
        treated: whom the reader treats; None is everybody.
    """
    newest = (
        select(RECOMMENDATIONS.c.person, RECOMMENDATIONS.c.created_at)
        .join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
        .where(PERSONS.c.organisation == organisation, PERSONS.c.erased_at.is_(None))
        .order_by(desc(RECOMMENDATIONS.c.created_at))
        .limit(limit * 20)
    )
    if treated is not None:
        newest = newest.where(RECOMMENDATIONS.c.person.in_(treated))
    seen: dict[str, datetime] = {}
    for row in connection.execute(newest):
        seen.setdefault(row.person, row.created_at)
    wanted = list(seen)[:limit]
    query = (
        select(*LISTED, *COLUMNS)
        .join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
        .where(RECOMMENDATIONS.c.person.in_(wanted))
        .order_by(desc(RECOMMENDATIONS.c.created_at))
    )
    first: dict[str, RowMapping] = {}
    for found in connection.execute(query).mappings():
        if found["created_at"] == seen[found["person"]]:
            first.setdefault(found["person"], found)
    done = _actions(connection, [row["id"] for row in first.values()])
    return tuple(_listed(row, person_of(row, row["person"], ring), done) for row in first.values())


def answers_of(connection: Connection, ring: KeyRing, name: PatientName) -> tuple[Listed, ...]:
    """The newest answers of one patient, newest first; none if nothing is kept of them."""
    person = find_person(connection, ring, name)
    if person is None:
        return ()
    query = (
        select(*LISTED)
        .where(RECOMMENDATIONS.c.person == person.id)
        .order_by(desc(RECOMMENDATIONS.c.created_at))
        .limit(MOST)
    )
    rows = connection.execute(query).mappings().all()
    done = _actions(connection, [row["id"] for row in rows])
    return tuple(
        Listed(row["id"], row["created_at"], name.patient_id, person.id, done.get(row["id"], frozenset()))
        for row in rows
    )


def _listed(row: RowMapping, person: Person, done: dict[str, frozenset[str]]) -> Listed:
    patient_id = person.unseal(row["identifier"], PERSONS.name, person.id, "identifier").decode()
    return Listed(row["id"], row["created_at"], patient_id, person.id, done.get(row["id"], frozenset()))


def _actions(connection: Connection, ids: list[str]) -> dict[str, frozenset[str]]:
    query = select(EVENTS.c.recommendation_id, EVENTS.c.action).where(EVENTS.c.recommendation_id.in_(ids))
    found: dict[str, frozenset[str]] = {}
    for row in connection.execute(query):
        found[row.recommendation_id] = found.get(row.recommendation_id, frozenset()) | {row.action}
    return found
