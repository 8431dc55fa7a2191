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

BATCH = 1000
"""Answers that are read at once while patients are looked for: as a rule the first hold enough."""

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
        select(RECOMMENDATIONS.c.person, RECOMMENDATIONS.c.id)
        .join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
        .where(PERSONS.c.organisation == organisation, PERSONS.c.erased_at.is_(None))
        .order_by(desc(RECOMMENDATIONS.c.created_at), RECOMMENDATIONS.c.id)
        .execution_options(yield_per=BATCH)
    )
    if treated is not None:
        newest = newest.where(RECOMMENDATIONS.c.person.in_(treated))
    first: dict[str, str] = {}
    with connection.execute(newest) as found:
        for row in found:
            first.setdefault(row.person, row.id)
            if len(first) == limit:
                break
    query = select(*LISTED, *COLUMNS).join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
    rows = connection.execute(query.where(RECOMMENDATIONS.c.id.in_(first.values()))).mappings()
    by_id = {row["id"]: row for row in rows}
    done = _actions(connection, list(by_id))
    return tuple(_listed(by_id[name], person_of(by_id[name], person, ring), done) for person, name in first.items())


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
