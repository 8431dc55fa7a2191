"""Two replicas over one PostgreSQL, each a process of its own: whichever is asked, it is one service."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import httpx
import psycopg
import pytest

URL, VIEW = "/v1/recommendations", "/cds-services/equipoise-patient-view"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP"}
NEWER = [1.5, 0.0, 0.0, 0.0]
PATIENT = {"resourceType": "Patient", "id": "P-1", "birthDate": "1985-04-03", "gender": "female"}


@pytest.fixture
def replicas(champions: Any, start: Callable[..., Any], postgres_url: str) -> list[Any]:
    """Two processes of the same champion and database."""
    champions.put()
    return [start(DATABASE_URL=postgres_url, DRAIN_SECONDS="1") for _ in range(2)]


@pytest.fixture
def clients(replicas: list[Any]) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A client of each."""
    with replicas[0].client() as one, replicas[1].client() as other:
        yield one, other


def visit(key: str) -> dict[str, str]:
    """The headers of a call that may be made again."""
    return {"Idempotency-Key": key}


def test_a_decision_is_made_at_both(clients: tuple[Any, Any], profile: dict[str, Any]) -> None:
    """Asked at one replica, read, reviewed, decided and released turn by turn at both, an answer is the same at each.

    The same call with the same key gets the same answer at the other one, and a card that was told at one is no news
    at the other: no replica keeps anything for itself.
    """
    one, other = clients
    made = one.post(URL, json=profile, headers=visit("k-1"))
    again = other.post(URL, json=profile, headers=visit("k-1"))
    assert (made.status_code, again.headers["Idempotent-Replayed"], again.content) == (201, "true", made.content)
    assert other.post(URL, json=profile | {"patient_id": "P-2"}, headers=visit("k-1")).status_code == 422
    where = made.headers["location"]
    assert one.get(where).content == other.get(where).content
    assert one.get(where).headers["etag"] == other.get(where).headers["etag"]
    assert other.post(f"{where}/review", json=SIGNED).is_success
    chosen = {**SIGNED, "arm": made.json()["recommendation"]["recommended"], "reason": "agreed"}
    assert one.post(f"{where}/decision", json=chosen).is_success
    assert other.post(f"{where}/release", json=SIGNED).is_success
    assert [event["action"] for event in one.get(f"{where}/history").json()["events"]] == [
        "review",
        "decide",
        "release",
    ]
    assert one.get(f"{where}/history").json() == other.get(f"{where}/history").json()
    assert one.get(f"{where}/sheet").content == other.get(f"{where}/sheet").content
    context = {"userId": "Practitioner/7", "patientId": "P-1"}
    prefetch = {"patient": PATIENT, "observations": None, "questionnaires": None}
    call = {"hook": "patient-view", "hookInstance": "i", "context": context, "prefetch": prefetch}
    assert [len(client.post(VIEW, json=call).json()["cards"]) for client in (one, other)] == [1, 0]


@pytest.mark.slow
def test_what_changes_one_changes_both(
    clients: tuple[Any, Any], champions: Any, callers: Callable[..., Any], replicas: list[Any]
) -> None:
    """A new champion is taken up by both under load without a failure; a stop at one is heard at once at the other."""
    with callers(*replicas) as calls:
        calls.seen_by_all()
        new = champions.put(outcome_spread=NEWER)
        calls.seen_by_all(new)
    assert calls.broken == []
    assert {status for seen in calls.seen for status, _ in seen} == {201}
    assert {client.get("/readyz").json()["policy_manifest_sha256"] for client in clients} == {new}
    one, other = clients
    order = {**SIGNED, "why": "harm reports are looked into"}
    assert one.post("/v1/models/tiny/stop", json=order).is_success
    assert {client.post(URL, json=calls.profile).status_code for client in clients} == {503}
    assert other.post("/v1/models/tiny/lift", json=order).is_success
    assert {client.post(URL, json=calls.profile).status_code for client in clients} == {201}


@pytest.mark.slow
def test_draining_one_loses_nothing(replicas: list[Any], profile: dict[str, Any], postgres_url: str) -> None:
    """Callers without pause, one replica told to stop: who is cut off asks the other with the same key.

    Every visit has exactly one answer kept, none is lost and none is made twice.
    """
    stop, answered = Event(), list[tuple[str, str]]()

    def ask(number: int) -> None:
        at, count = number % 2, 0
        while not stop.is_set():
            key, count = f"{number}-{count}", count + 1
            for turn in range(2):
                try:
                    with replicas[(at + turn) % 2].client() as client:
                        answer = client.post(URL, json=profile, headers=visit(key))
                except httpx.HTTPError:
                    continue
                if answer.status_code == 201:
                    answered.append((key, answer.json()["id"]))
                    break
            else:
                raise AssertionError(f"nobody answered {key}")

    threads = [Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    replicas[0].process.send_signal(signal.SIGTERM)
    replicas[0].process.wait(timeout=60)
    before = len(answered)
    while len(answered) < before + 8:
        assert all(thread.is_alive() for thread in threads)
    stop.set()
    for thread in threads:
        thread.join()
    assert replicas[0].process.returncode == 0
    with psycopg.connect(postgres_url) as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM recommendations").fetchall()}
    assert len({key for key, _ in answered}) == len(answered)
    assert {made for _, made in answered} == kept
