"""Idempotency-Key: a call made again gets the same answer, and no second one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.served_policy import ServedPolicy
from service.storage.retention import apply_retention
from service.storage.schema import IDEMPOTENCY_KEYS, RECOMMENDATIONS
from service.storage.store import Store
from service.utc import utc_now

URL = "/v1/recommendations"
KEY = {"Idempotency-Key": "visit-2026-11-26/17"}


def count(store: Store, table: Any = RECOMMENDATIONS) -> int:
    """How many rows there are."""
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def replica(served: ServedPolicy) -> Callable[[Store], Any]:
    """Makes a client of a service over a store."""
    from fastapi.testclient import TestClient

    return lambda store: TestClient(create_app(Collaborators(lambda: served, store, ())))


@pytest.fixture
def two(any_store: Store, served: ServedPolicy, replica: Callable[[Store], Any]) -> Iterator[tuple[Any, Any]]:
    """Two replicas over one database."""
    entry = Entry("policy", LOCAL_ACTOR, utc_now())
    any_store.keep_policy(served.source.manifest_sha256, served.documents, entry)
    other = Store(any_store.engine, any_store.keys)
    yield replica(any_store), replica(other)
    other.close()


def test_again_through_another_replica(two: tuple[Any, Any], any_store: Store, profile: dict[str, Any]) -> None:
    """Byte for byte the same answer, at the same address, told to be one of before; one answer is kept."""
    first = two[0].post(URL, json=profile, headers=KEY)
    turned = dict(reversed(profile.items()))
    again = two[1].post(URL, json=turned, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert count(any_store) == 1


def test_at_the_same_moment(two: tuple[Any, Any], any_store: Store, profile: dict[str, Any]) -> None:
    """Sixteen calls at once with one key, through two replicas, end in one answer that all get."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: two[n % 2].post(URL, json=profile, headers=KEY), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert count(any_store) == 1


def test_another_body(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """The key with another body is refused, by a problem that names the header and no value; nothing is made."""
    client.post(URL, json=profile, headers=KEY)
    profile["values"]["age"] = 42.0
    answer = client.post(URL, json=profile, headers=KEY)
    assert answer.status_code == 422
    assert [one["where"] for one in answer.json()["problems"]] == ["Idempotency-Key"]
    assert KEY["Idempotency-Key"] not in answer.text
    assert count(store) == 1


def test_a_call_that_failed_may_be_made_again(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """What was refused uses no key up: mended, it is answered."""
    wrong = {**profile, "values": {**profile["values"], "age": "old"}}
    assert client.post(URL, json=wrong, headers=KEY).status_code == 422
    assert client.post(URL, json=profile, headers=KEY).status_code == 201
    assert count(store) == 1


def test_keys_belong_to_callers(served: ServedPolicy, store: Store, profile: dict[str, Any]) -> None:
    """The same key of somebody else is another key."""
    from service.audit.actor import Actor

    given = Collaborators(lambda: served, store, ())
    other = Actor(LOCAL_ACTOR.principal.model_copy(update={"subject": "other"}), "here")
    first = answer_once_of(given, profile, LOCAL_ACTOR)
    assert answer_once_of(given, profile, LOCAL_ACTOR) == (first[0], True)
    assert answer_once_of(given, profile, other)[1] is False


def test_nothing_readable_is_kept(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """Neither the key nor a plain hash of it, or of the body, stands in the database."""
    import hashlib

    client.post(URL, json=profile, headers=KEY)
    with store.reading() as connection:
        row = dict(connection.execute(select(IDEMPOTENCY_KEYS)).mappings().one())
    plain = hashlib.sha256(KEY["Idempotency-Key"].encode()).hexdigest()
    assert KEY["Idempotency-Key"] not in row.values()
    assert plain not in row.values()


def test_a_repeated_call_is_audited(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """Giving the answer again is a reading, as any other."""
    from service.storage.schema import AUDIT

    client.post(URL, json=profile, headers=KEY)
    before = count(store, AUDIT)
    client.post(URL, json=profile, headers=KEY)
    assert count(store, AUDIT) == before + 1


def test_keys_go_with_their_answers(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """Retention removes the key with the answer; then it is a new one."""
    client.post(URL, json=profile, headers=KEY)
    apply_retention(store, 1, LOCAL_ACTOR, datetime.now(UTC) + timedelta(days=3))
    assert count(store, IDEMPOTENCY_KEYS) == 0
    assert "idempotent-replayed" not in client.post(URL, json=profile, headers=KEY).headers


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ä"])
def test_what_is_no_key(client: Any, profile: dict[str, Any], key: str) -> None:
    """A key is up to 200 printable letters without a space; anything else is a problem document, and so are two."""
    raw = key.encode("utf-8")
    for headers in ([("Idempotency-Key", raw)], [("Idempotency-Key", b"k"), ("Idempotency-Key", b"l")]):
        answer = client.post(URL, json=profile, headers=headers)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def answer_once_of(given: Collaborators, profile: dict[str, Any], actor: Any) -> tuple[Any, bool]:
    """Answer once; the id, and whether it was made before."""
    from data_contracts.profile import PatientProfile
    from service.repeating import answer_once

    made, _, before = answer_once(PatientProfile(**profile), "key", given, actor)
    return made, before


def test_an_erasure_takes_its_keys(two: tuple[Any, Any], any_store: Store, profile: dict[str, Any]) -> None:
    """After an erasure no key leads to the person, nor a hash of what was asked; the call is refused as any other."""
    assert two[0].post(URL, json=profile, headers=KEY).status_code == 201
    wish = {"by": "Dr A", "role": "GP", "patient_id": profile["patient_id"]}
    assert two[1].post("/v1/erasures", json=wish).status_code == 201
    with any_store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one() == 0
    assert two[0].post(URL, json=profile, headers=KEY).status_code == 403


def test_a_key_that_was_pointed_elsewhere(two: tuple[Any, Any], any_store: Store, profile: dict[str, Any]) -> None:
    """Who can write to the table of keys gets no other patient's answer by it."""
    mine = two[0].post(URL, json=profile, headers=KEY)
    other = two[0].post(URL, json={**profile, "patient_id": "P-2"}).json()["id"]
    with any_store.engine.begin() as connection:
        connection.execute(update(IDEMPOTENCY_KEYS).values(recommendation_id=other))
    answer = two[1].post(URL, json=profile, headers=KEY)
    assert (mine.status_code, answer.status_code) == (201, 500)
    assert "arms" not in answer.text
