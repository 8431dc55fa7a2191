"""Keeps every recommendation, byte for byte, with the policy that it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from data_contracts.errors import NotFound, NotReady
from service.database import database_problem
from service.event import Event
from service.schema import EVENTS, POLICIES, RECOMMENDATIONS


@dataclass(frozen=True)
class StoredRecommendation:
    """One row of the table: an answer with what was asked.

    Attributes:
        id, created_at, patient_id, policy_manifest_sha256: as in the answer; created_at in UTC.
        request: the profile as JSON.
        response: the answer's exact bytes.
    """

    id: UUID
    created_at: datetime
    patient_id: str
    policy_manifest_sha256: str
    request: str
    response: bytes


class Store:
    """Recommendations in a migrated database; every method raises NotReady if it cannot be reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep_policy(self, manifest_sha256: str, documents: Mapping[str, bytes]) -> None:
        """Keep a policy's readable files (UTF-8, by name); once is enough."""
        content = json.dumps({name: held.decode("utf-8") for name, held in documents.items()}, sort_keys=True)
        try:
            with self._engine.begin() as connection:
                connection.execute(POLICIES.insert().values(manifest_sha256=manifest_sha256, documents=content))
        except IntegrityError:
            return
        except SQLAlchemyError as error:
            raise _unreachable(error) from None

    def policy(self, manifest_sha256: str) -> dict[str, str]:
        """The readable files of a policy that was kept, by name."""
        query = select(POLICIES.c.documents).where(POLICIES.c.manifest_sha256 == manifest_sha256)
        try:
            with self._engine.connect() as connection:
                found: dict[str, str] = json.loads(connection.execute(query).scalar_one())
        except SQLAlchemyError as error:
            raise _unreachable(error) from None
        return found

    def add(self, item: StoredRecommendation) -> None:
        """Keep one recommendation; when this returns it is on disk."""
        values = {name: getattr(item, name) for name in item.__dataclass_fields__} | {"id": str(item.id)}
        try:
            with self._engine.begin() as connection:
                connection.execute(RECOMMENDATIONS.insert().values(values))
        except SQLAlchemyError as error:
            raise _unreachable(error) from None

    def get(self, recommendation_id: str) -> StoredRecommendation:
        """One recommendation by its id.

        Raises:
            NotFound: there is none of that id, or it is no UUID.
        """
        try:
            wanted = str(UUID(recommendation_id))
        except ValueError:
            raise NotFound("No recommendation has this id; ids are UUIDs.") from None
        try:
            with self._engine.connect() as connection:
                query = select(RECOMMENDATIONS).where(RECOMMENDATIONS.c.id == wanted)
                row = connection.execute(query).mappings().one_or_none()
        except SQLAlchemyError as error:
            raise _unreachable(error) from None
        if row is None:
            raise NotFound("No recommendation has this id.")
        return StoredRecommendation(**{**row, "id": UUID(wanted)})

    def events(self, recommendation_id: UUID) -> tuple[Event, ...]:
        """What was done with a recommendation, in that order."""
        query = select(EVENTS.c.content).where(EVENTS.c.recommendation_id == str(recommendation_id))
        try:
            with self._engine.connect() as connection:
                found = connection.execute(query.order_by(EVENTS.c.at)).scalars().all()
        except SQLAlchemyError as error:
            raise _unreachable(error) from None
        return tuple(Event.model_validate_json(content) for content in found)

    def add_event(self, recommendation_id: UUID, event: Event, page: bytes | None = None) -> bool:
        """Keep what was done, with the page that it lets the patient see; False if the action was done before."""
        content = event.model_dump_json()
        values = {"recommendation_id": str(recommendation_id), "action": event.action, "at": event.at}
        try:
            with self._engine.begin() as connection:
                connection.execute(EVENTS.insert().values({**values, "content": content, "page": page}))
        except IntegrityError:
            return False
        except SQLAlchemyError as error:
            raise _unreachable(error) from None
        return True

    def page(self, recommendation_id: UUID) -> bytes | None:
        """The page that was released, byte for byte; None if there is none."""
        query = select(EVENTS.c.page).where(EVENTS.c.recommendation_id == str(recommendation_id))
        try:
            with self._engine.connect() as connection:
                return connection.execute(query.where(EVENTS.c.action == "release")).scalar_one_or_none()
        except SQLAlchemyError as error:
            raise _unreachable(error) from None

    def problem(self) -> str | None:
        """What keeps the store from use, in words; None if nothing does."""
        return database_problem(self._engine)


def _unreachable(error: SQLAlchemyError) -> NotReady:
    return NotReady(f"The database did not do its work ({type(error).__name__}). Try again; see /readyz.")
