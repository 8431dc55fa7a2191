"""The client of programs, against the real service, over connections that fail."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from data_contracts.profile import PatientProfile
from service.app import create_app
from service.basis import Basis
from service.client import AsyncClient, Client, ServiceProblem
from service.client.patience import Patience
from service.collaborators import Collaborators
from service.consent import Statement
from service.event import Choice, Signature
from service.served_policy import ServedPolicy
from service.storage.schema import CONSENTS, RECOMMENDATIONS
from service.storage.store import Store

SIGNED = Signature(by="Dr A. Mbeki", role="GP")
PATIENT = Patience(attempts=3, first=0.001)


class Shaky(httpx.BaseTransport):
    """Travels to the service, but fails as told: before or after the call arrived, or with a status in its place."""

    def __init__(self, under: httpx.BaseTransport, *faults: str) -> None:
        self._under, self._faults = under, list(faults)
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail."""
        self.sent.append(request)
        fault = self._faults.pop(0) if self._faults else "none"
        if fault == "unreachable":
            raise httpx.ConnectError("refused")
        if fault.isdigit():
            return httpx.Response(int(fault), headers={"Retry-After": "0"}, json={"detail": "Later."})
        answer = self._under.handle_request(request)
        if fault == "lost":
            raise httpx.ReadError("reset")
        return answer


@pytest.fixture
def dial(client: Any) -> Iterator[Callable[..., tuple[Client, Shaky]]]:
    """Makes clients whose connections have these faults."""
    made: list[Client] = []

    def make(*faults: str, **options: Any) -> tuple[Client, Shaky]:
        transport = Shaky(client._transport, *faults)
        made.append(Client("http://testserver", transport=transport, **{"patience": PATIENT, **options}))
        return made[-1], transport

    yield make
    for one in made:
        one.__exit__(None, None, None)


@pytest.fixture
def asked(profile: dict[str, Any]) -> PatientProfile:
    """The patient as the client takes them."""
    return PatientProfile(**profile)


def count(store: Store, table: Any) -> int:
    """How many rows there are."""
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_whole_way(dial: Any, asked: PatientProfile) -> None:
    """Answer, history, review, release, decision, basis, sheet and FHIR come as what they are."""
    client, _ = dial()
    answer = client.recommend(asked)
    assert answer.recommendation.recommended == "cbt"
    assert client.get(answer.id) == answer
    assert client.history(answer.id).state == "draft"
    assert client.review(answer.id, SIGNED).state == "reviewed"
    assert client.release(str(answer.id), SIGNED).state == "released"
    chosen = Choice(by=SIGNED.by, role=SIGNED.role, arm="cbt", reason="Wish of the patient")
    assert len(client.decide(answer.id, chosen).events) == 3
    assert isinstance(client.basis(answer.id), Basis)
    assert client.sheet(answer.id).startswith("<!")
    assert client.fhir(answer.id)["resourceType"] == "Bundle"


@pytest.mark.parametrize("faults", [("lost",), ("unreachable", "lost"), ("503", "429"), ("lost", "lost")])
def test_one_answer_however_often_asked(
    dial: Any, asked: PatientProfile, store: Store, faults: tuple[str, ...]
) -> None:
    """Over connections that break before or after the call arrived, one answer is made, and it is the one given."""
    client, transport = dial(*faults)
    answer = client.recommend(asked)
    assert len(transport.sent) == len(faults) + 1
    assert len({request.headers["idempotency-key"] for request in transport.sent}) == 1
    assert count(store, RECOMMENDATIONS) == 1
    assert client.get(answer.id) == answer


def test_patience_ends(dial: Any, asked: PatientProfile) -> None:
    """After as many attempts as it may make the last failure is told: a problem, or that nobody was reached."""
    client, transport = dial("503", "503", "503", "503")
    with pytest.raises(ServiceProblem) as told:
        client.recommend(asked)
    assert (told.value.status, len(transport.sent)) == (503, 3)
    client, transport = dial(*["unreachable"] * 4)
    with pytest.raises(httpx.ConnectError):
        client.recommend(asked)
    assert len(transport.sent) == 3


def test_problems_are_told(dial: Any, asked: PatientProfile) -> None:
    """A problem is an exception with all that was wrong, and no attempt is made again."""
    client, transport = dial()
    wrong = asked.model_copy(update={"values": {**asked.values, "age": "old", "phq9_week0": "low"}})
    with pytest.raises(ServiceProblem) as told:
        client.recommend(wrong)
    problem = told.value
    assert (problem.status, problem.type) == (422, "urn:equipoise:problem:bad-input")
    assert len(problem.problems) >= 2
    assert all(one.where in str(problem) for one in problem.problems)
    assert problem.instance.startswith("urn:uuid:")
    assert len(transport.sent) == 1
    with pytest.raises(ServiceProblem, match="404"):
        client.get("00000000-0000-4000-8000-000000000000")
    with pytest.raises(ValueError, match="UUID"):
        client.get("../../readyz")


def test_a_statement_is_not_made_twice(dial: Any, store: Store) -> None:
    """What would stand twice in the ledger is not sent again once it may have arrived; before that it is."""
    said = Statement(patient_id="P-1", purpose="research", answer="given", by="Dr A", role="GP")
    client, _ = dial("lost")
    with pytest.raises(httpx.ReadError):
        client.state_consent(said)
    assert count(store, CONSENTS) == 1
    client, _ = dial("unreachable", "503")
    client.state_consent(said)
    assert count(store, CONSENTS) == 2


def test_a_token_for_each_call(dial: Any, asked: PatientProfile) -> None:
    """A token that counts once is made anew for each attempt; a fixed one is sent as it is; without one none is."""
    numbers = iter(range(10))
    client, transport = dial("503", token=lambda: f"token-{next(numbers)}")
    client.recommend(asked)
    assert [one.headers["authorization"] for one in transport.sent] == ["Bearer token-0", "Bearer token-1"]
    client, transport = dial(**{"token": "fixed"})
    client.recommend(asked)
    assert transport.sent[0].headers["authorization"] == "Bearer fixed"
    client, transport = dial()
    client.recommend(asked)
    assert "authorization" not in transport.sent[0].headers


@pytest.mark.parametrize(("asks", "waits"), [("7", 7.0), ("3600", None), ("Thu, 26 Nov 2026 12:00:00 GMT", "drawn")])
def test_as_long_as_the_service_asks(asks: str, waits: float | str | None) -> None:
    """Retry-After in seconds is kept to, unless it is longer than the client's patience."""
    from service.client import calls

    busy = httpx.Response(429, headers={"Retry-After": asks})
    found = Patience().wait(calls.get("00000000-0000-4000-8000-000000000000"), 1, busy)
    if waits == "drawn":
        assert found is not None
        assert 0 <= found <= 0.2
    else:
        assert found == waits


def test_asynchronous(served: ServedPolicy, store: Store, asked: PatientProfile) -> None:
    """The asynchronous client gives the same answers, many at once, and the same problems."""
    app = create_app(Collaborators(lambda: served, store, ()))

    async def work() -> None:
        transport = httpx.ASGITransport(app)
        async with AsyncClient("http://testserver", transport=transport, patience=PATIENT) as client:
            answers = await asyncio.gather(*(client.recommend(asked, key=f"visit-{n % 3}") for n in range(9)))
            assert len({answer.id for answer in answers}) == 3
            assert await client.get(answers[0].id) == answers[0]
            assert (await client.review(answers[0].id, SIGNED)).state == "reviewed"
            with pytest.raises(ServiceProblem, match="404"):
                await client.history("00000000-0000-4000-8000-000000000000")

    with ThreadPoolExecutor(1) as aside:  # a browser of another test may keep a loop in this thread
        aside.submit(lambda: asyncio.run(work())).result()
    assert count(store, RECOMMENDATIONS) == 3


def test_both_clients_have_the_same_calls() -> None:
    """What one client can, the other can, by the same names and arguments."""
    import inspect

    def calls_of(kind: type) -> dict[str, str]:
        found = inspect.getmembers(kind, lambda one: inspect.isfunction(one) and not one.__name__.startswith("_"))
        return {name: str(inspect.signature(one)) for name, one in found}

    assert calls_of(Client) == calls_of(AsyncClient)


def test_nothing_of_the_server_is_imported() -> None:
    """A program that imports the client loads no web framework, database, MLflow or policy code."""
    heavy = "fastapi", "sqlalchemy", "mlflow", "pandas", "uvicorn", "engine", "service.storage", "service.app"
    code = f"import sys, service.client; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
