"""What clinicians acknowledged for a patient, read from what was done with earlier answers."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from service.event import Action, Event
from service.storage.events import TABLE
from service.storage.key_ring import KeyRing
from service.storage.person import PatientName, find_person
from service.storage.schema import EVENTS, RECOMMENDATIONS

ACTION: Action = "acknowledge"


def acknowledged_for(connection: Connection, ring: KeyRing, name: PatientName) -> Iterator[Event]:
    """Every acknowledgement for a patient, oldest first."""
    person = find_person(connection, ring, name)
    if person is None:
        return
    query = (
        select(EVENTS.c.recommendation_id, EVENTS.c.content)
        .join(RECOMMENDATIONS, RECOMMENDATIONS.c.id == EVENTS.c.recommendation_id)
        .where(RECOMMENDATIONS.c.person == person.id, EVENTS.c.action == ACTION)
        .order_by(EVENTS.c.at)
    )
    for row in connection.execute(query):
        key = f"{row.recommendation_id} {ACTION}"
        yield Event.model_validate_json(person.unseal(row.content, TABLE, key, "content"))
