"""Keeps every recommendation, byte for byte, with the policy that it came from and the audit record of it.

Whatever is written is written with its audit record in one transaction, and on disk when the method returns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from data_contracts.errors import NotFound
from data_contracts.manifest import PROMOTION, sha256
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.consent import Standing, Statement
from service.event import Event
from service.harm import KeptHarm
from service.model_stop import StopChange, StopOrder, Switch
from service.storage import answers, cards, consents, events, harms, stops
from service.storage.answers import StoredRecommendation
from service.storage.database import database_problem, unreachable
from service.storage.events import Still
from service.storage.key_ring import KeyRing
from service.storage.keys import Keys
from service.storage.looker import Looker
from service.storage.moment import Before, before
from service.storage.person import PatientName, Person
from service.storage.schema import POLICIES, SURROUNDINGS
from service.storage.transaction import Transaction, Writer

Result = TypeVar("Result")
Beside: TypeAlias = Callable[[Transaction, Person], None]
"""What is written in an answer's own transaction, after it, of the person whom it is about."""


class Store:
    """Recommendations in a migrated database; every method raises NotReady if it cannot be reached.

    Attributes:
        engine: the database.
        keys: what opens it.
    """

    def __init__(self, engine: Engine, keys: Keys) -> None:
        self.engine, self.keys = engine, keys
        self._looks = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._looker = Looker(engine)
        self._writer = Writer(engine, self.ring.record_seal)
        self._surroundings: set[str] = set()

    @property
    def ring(self) -> KeyRing:
        """The key ring as it is now."""
        return self.keys.ring

    def close(self) -> None:
        """Close all connections; the next call opens others."""
        self._writer.close()
        self._looker.close()
        self.engine.dispose()

    def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Do some work in one write transaction; on disk when this returns."""
        return self._writer.run(work)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from, in a transaction."""
        with _connected(self.engine) as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection for single looks: without a transaction, whose beginning and end would be two more trips."""
        with _connected(self._looks) as connection:
            yield connection

    def note(self, entry: Entry) -> None:
        """Keep an audit record of what changes nothing, such as a reading."""
        self.write(lambda transaction: transaction.chain.append(entry))

    def keep_policy(self, manifest_sha256: str, documents: Mapping[str, bytes], entry: Entry) -> None:
        """Keep a policy's readable files (UTF-8, by name) and that it was taken in; once is enough."""
        content = json.dumps({name: held.decode("utf-8") for name, held in documents.items()}, sort_keys=True)
        promotion = sha256(documents[PROMOTION]) if PROMOTION in documents else "none"
        entry = _with(entry, manifest_sha256=manifest_sha256, promotion_sha256=promotion)

        def work(transaction: Transaction) -> None:
            there = select(POLICIES.c.manifest_sha256).where(POLICIES.c.manifest_sha256 == manifest_sha256)
            if transaction.connection.execute(there).scalar() is None:
                values = {"manifest_sha256": manifest_sha256, "documents": content}
                transaction.connection.execute(POLICIES.insert(), values)
                transaction.chain.append(replace(entry, row=row_of(POLICIES, values)))

        self.write(work)

    def policy(self, manifest_sha256: str) -> dict[str, str]:
        """The readable files of a policy that was kept, by name.

        Raises:
            NotFound: there is none of this hash.
        """
        query = select(POLICIES.c.documents).where(POLICIES.c.manifest_sha256 == manifest_sha256)
        with self.looking() as connection:
            content = connection.execute(query).scalar_one_or_none()
        if content is None:
            raise NotFound("No model of this name has answered here; models go by their manifest's hash, or champion.")
        found: dict[str, str] = json.loads(content)
        return found

    def surroundings(self, digest: str) -> str:
        """The content of surroundings that were kept."""
        with self.looking() as connection:
            query = select(SURROUNDINGS.c.content).where(SURROUNDINGS.c.sha256 == digest)
            found: str = connection.execute(query).scalar_one()
        return found

    def add(
        self,
        item: StoredRecommendation,
        entry: Entry,
        standing: Standing | None = None,
        model: str | None = None,
        also: Beside | None = None,
    ) -> None:
        """Keep one recommendation; when this returns it is on disk.

        Args:
            item: the answer.
            entry: what to remember of it; person, answer and row are added to it.
            standing: what the ledger said when the answer was made; if that has changed, the answer is not kept.
            model: by which the answer ranks; if it is out of service by now, the answer is not kept.
            also: what is written in the same transaction, after the answer.

        Raises:
            WrongState: the ledger has changed.
            ModelStopped: the model is out of service.
        """
        given, ring = item.surroundings, self.ring

        def work(transaction: Transaction) -> None:
            if given is not None and given.sha256 not in self._surroundings:
                answers.keep_surroundings(transaction.connection, given)
            person = answers.add_answer(transaction, ring, item, entry, standing, model)
            if also is not None:
                also(transaction, person)

        self.write(work)
        if given is not None:
            self._surroundings.add(given.sha256)

    def get(self, recommendation_id: str) -> StoredRecommendation:
        """One recommendation by its id.

        Raises:
            NotFound: there is none of that id, or it is no UUID.
            Erased: the person's key was destroyed.
            Tampered, Refused: it does not open.
        """
        try:
            wanted = UUID(recommendation_id)
        except ValueError:
            raise NotFound("No recommendation has this id; ids are UUIDs.") from None
        with self.looking() as connection:
            found = answers.find_answer(connection, self.ring, wanted)
        if found is None:
            raise NotFound("No recommendation has this id.")
        return found

    def events(self, recommendation_id: UUID) -> tuple[Event, ...]:
        """What was done with a recommendation, in that order."""
        with self.looking() as connection:
            return events.events_of(connection, self.ring, recommendation_id)

    def add_event(
        self,
        recommendation_id: UUID,
        event: Event,
        entry: Entry,
        page: bytes | None = None,
        still: Still | None = None,
    ) -> bool:
        """Keep what was done, with the page that it lets the patient see; False if the action was done before."""
        ring, done = self.ring, (event, page)
        return self.write(
            lambda transaction: events.add_event(transaction, ring, recommendation_id, done, entry, still)
        )

    def add_harm(self, recommendation_id: UUID, harm: KeptHarm, entry: Entry) -> None:
        """Keep a report of harm with the recommendation that it is about."""
        ring = self.ring
        self.write(lambda transaction: harms.add_harm(transaction, ring, recommendation_id, harm, entry))

    def harms(self, recommendation_id: UUID) -> tuple[KeptHarm, ...]:
        """All reports of harm of a recommendation, oldest first."""
        with self.looking() as connection:
            return harms.harms_of(connection, self.ring, recommendation_id)

    def card_feedback(self, recommendation_id: UUID) -> tuple[tuple[cards.StoredFeedback, dict[str, Any]], ...]:
        """What became of a recommendation's cards, each with the card as it is kept, in the order of time."""
        with self.looking() as connection:
            return tuple(cards.feedback_on(connection, self.ring, recommendation_id))

    def was_shown(self, news: str, since: datetime) -> bool:
        """Whether a card of this news was shown since then."""
        return self._looker.look(lambda connection: cards.was_shown(connection, news, since))

    def page(self, recommendation_id: UUID) -> bytes | None:
        """The page that was released, byte for byte; None if there is none."""
        with self.looking() as connection:
            return events.released_page(connection, self.ring, recommendation_id)

    def before(self, name: PatientName, policy: str) -> Before:
        """What the ledger of consents says of a patient, and whether a model is in service."""
        return self._looker.look(lambda connection: before(connection, self.ring, name, policy))

    def standing(self, name: PatientName) -> Standing:
        """What the ledger of consents says of a patient."""
        with self.looking() as connection:
            return consents.standing_of(connection, self.ring, name)

    def add_consent(self, statement: Statement, entry: Entry) -> Standing:
        """Write what a patient said into the ledger; what it says of them now."""
        ring = self.ring
        return self.write(lambda transaction: consents.add_statement(transaction, ring, statement, entry))

    def stopped_at(self, policy: str) -> datetime | None:
        """Since when a model is out of service, UTC; None if it answers."""
        with self.looking() as connection:
            return stops.stopped_at(connection, policy)

    def stops(self, policy: str) -> tuple[StopChange, ...]:
        """Every turn of a model's switch, oldest first."""
        with self.looking() as connection:
            return stops.changes_of(connection, policy)

    def turn(self, policy: str, switch: Switch, order: StopOrder, entry: Entry) -> tuple[StopChange, ...]:
        """Take a model out of service or back, on all replicas; every turn of its switch."""
        return self.write(lambda transaction: stops.turn(transaction, policy, switch, order, entry))

    def problem(self) -> str | None:
        """What keeps the store from use, in words; None if nothing does."""
        return database_problem(self.engine)


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise unreachable(error) from None


def _with(entry: Entry, **detail: str) -> Entry:
    return replace(entry, detail={**entry.detail, **detail})
