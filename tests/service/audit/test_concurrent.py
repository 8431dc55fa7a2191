"""Many at once: one chain, every answer with its own record, and what fails fails alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from data_contracts.errors import NotReady, WrongState
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.audit.verify import verify
from service.consent import Statement
from service.storage.answers import StoredRecommendation
from service.storage.erasure import Erasure, erase
from service.storage.person import PatientName
from service.storage.store import Store
from service.storage.transaction import Transaction

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ENTRY = Entry("recommendation", LOCAL_ACTOR, NOW)
DIGEST = "c" * 64


def item(patient: str = "P-1", **changes: Any) -> StoredRecommendation:
    return StoredRecommendation(changes.get("id") or uuid4(), NOW, patient, DIGEST, "{}", b"x")


@pytest.fixture
def ready(any_store: Store) -> Store:
    any_store.keep_policy(DIGEST, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    return any_store


def together(*calls: Any) -> list[Any]:
    """Start all calls in the same moment; what each raised or gave."""
    barrier, results = Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Any) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except Exception as error:
            results[place] = error

    threads = [Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_chain(ready: Store) -> None:
    """Sixteen at once through two stores, as two replicas: no gap, no fork, one person for one patient."""
    beside = Store(ready.engine, ready.keys)

    def write(store: Store) -> None:
        for _ in range(10):
            store.add(item(), ENTRY)

    results = together(*[lambda one=one: write(one) for one in [ready, beside] * 8])
    assert results == [None] * 16
    beside.close()
    with ready.reading() as connection, ready.reading() as other:
        result = verify(connection, other, (), ready.ring)
        persons = connection.execute(text("SELECT count(*) FROM persons")).scalar_one()
    assert (result.records, result.rows, result.findings, persons) == (161, 161, (), 1)


def test_what_fails_fails_alone(ready: Store) -> None:
    """Of those that share a transaction one that cannot be written takes none of the others with it."""
    taken = item()
    ready.add(taken, ENTRY)
    calls = [lambda: ready.add(item(), ENTRY)] * 7 + [lambda: ready.add(item(id=taken.id), ENTRY)]
    results = together(*calls)
    assert results[:7] == [None] * 7
    assert isinstance(results[7], NotReady)
    with ready.reading() as connection, ready.reading() as other:
        assert verify(connection, other, (), ready.ring).rows == 9


def test_a_withdrawal_between_question_and_answer(ready: Store) -> None:
    """Who withdraws while the answer is made gets none: it is not kept, and so not given."""
    name = PatientName("local", "P-1")
    statement = Statement(patient_id="P-1", purpose="decision_support", answer="withdrawn", by="Dr A", role="GP")
    before = ready.standing(name)
    ready.add_consent(statement, Entry("consent", LOCAL_ACTOR, NOW))
    with pytest.raises(WrongState, match="consent"):
        ready.add(item(), ENTRY, before)
    ready.add(item(), ENTRY, ready.standing(name))


def test_an_erasure_between_question_and_answer(ready: Store, tmp_path: Path) -> None:
    """Who is erased while the answer is made gets none: it would stand under a new key, as of somebody new."""
    ready.add(item(), ENTRY)
    before = ready.standing(PatientName("local", "P-1"))
    wish = Erasure(patient_id="P-1", by="Dr A", role="GP")
    erase(ready, wish, Entry("erasure", LOCAL_ACTOR, NOW), tmp_path)
    with pytest.raises(WrongState, match="erased"):
        ready.add(item(), ENTRY, before)
    with ready.reading() as connection:
        assert connection.execute(text("SELECT count(wrapped_key), count(*) FROM persons")).one() == (0, 1)


def test_each_gets_its_own_result(ready: Store) -> None:
    """What is written for others in one transaction is handed to each of them, nobody gets another's."""

    def work(number: int) -> Any:
        def give(transaction: Transaction) -> UUID:
            transaction.chain.append(ENTRY)
            return UUID(int=number)

        return lambda: ready.write(give)

    assert together(*[work(number) for number in range(12)]) == [UUID(int=number) for number in range(12)]
