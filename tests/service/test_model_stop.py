"""The kill switch: a model that was taken out advises nobody, on any replica, while safety rules go on being heard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.__main__ import main
from service.access.authentication import Callers
from service.access.principal import LOCAL
from service.app import create_app
from service.audit.replay import replay
from service.audit.verify import verify
from service.collaborators import Collaborators
from service.contact import Contact
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "note": None}
ORDER = {"by": "K. Adler", "role": "safety officer", "why": "Harm reports are looked into."}
MODEL = "/v1/models/tiny"
STOPPED = "urn:equipoise:problem:model-stopped"


def kinds(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        found = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    return [(one["kind"], one["outcome"]) for one in map(json.loads, found)]


def test_no_advice_until_lifted(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """A stopped model is a clear problem that keeps nothing; lifted, it answers again; all is in the audit."""
    answer = client.post(f"{MODEL}/stop", json=ORDER)
    assert (answer.status_code, answer.json()["in_service"]) == (200, False)
    refused = client.post(URL, json=profile)
    assert (refused.status_code, refused.json()["type"]) == (503, STOPPED)
    assert "tiny" in refused.json()["detail"]
    assert ORDER["why"] not in refused.text
    (part,) = [one for one in client.get("/readyz").json()["parts"] if one["name"] == "model"]
    assert (part["state"], "out of service" in part["told"]) == ("warning", True)
    answer = client.post(f"{MODEL}/lift", json=ORDER | {"why": "Unrelated to the model."})
    assert (answer.status_code, answer.json()["in_service"]) == (200, True)
    assert client.post(URL, json=profile).status_code == 201
    told = client.get(f"{MODEL}/stop").json()
    assert [one["switch"] for one in told["changes"]] == ["stopped", "lifted"]
    assert told["changes"][0]["order"] == ORDER
    assert kinds(store)[1:] == [
        ("stop", "success"),
        ("refusal", "refused"),
        ("lift", "success"),
        ("recommendation", "success"),
        ("read", "success"),
    ]
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()


def test_who_turns_it_and_how(client: Any, store: Store) -> None:
    """It takes a name and a reason and a model that answered here; said again it changes nothing."""
    for body in (ORDER | {"why": " "}, {"by": "K. Adler", "role": "officer"}):
        assert client.post(f"{MODEL}/stop", json=body).status_code == 422
    unknown = client.post("/v1/models/tinny/stop", json=ORDER)
    assert (unknown.status_code, "tiny" in unknown.json()["detail"]) == (404, True)
    assert client.post(f"{MODEL}/lift", json=ORDER).status_code == 409
    client.post(f"{MODEL}/stop", json=ORDER)
    before = kinds(store)
    assert client.post(f"{MODEL}/stop", json=ORDER).json() == client.get(f"{MODEL}/stop").json()
    assert kinds(store) == [*before, ("read", "success")]
    second = client.post(f"{MODEL}/stop", json=ORDER | {"by": "B. Other"}).json()
    assert [one["order"]["by"] for one in second["changes"]] == ["K. Adler", "B. Other"]


@pytest.mark.parametrize("statement", ["UPDATE stops SET switch = 'lifted'", "DELETE FROM stops"])
def test_the_database_guards_the_switch(client: Any, store: Store, statement: str) -> None:
    """Nobody lifts a stop past the chain: the database refuses, and without its trigger verification tells."""
    client.post(f"{MODEL}/stop", json=ORDER)
    with pytest.raises(Exception, match="never changed"), store.engine.begin() as connection:
        connection.execute(text(statement))
    with store.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER stops_no_{statement[:6].lower()}"))
        connection.execute(text(statement))
    with store.reading() as connection, store.reading() as beside:
        assert [one.what for one in verify(connection, beside, (), store.ring).findings] in (
            ["row_changed"],
            ["row_missing"],
        )


def test_safety_is_heard(client: Any, store: Store, profile: dict[str, Any], policy_folder: Path) -> None:
    """A crisis is answered as ever; where a rule waits, its findings and contacts are given and no figure."""
    client.post(f"{MODEL}/stop", json=ORDER)
    crisis = client.post(URL, json=profile | {"values": profile["values"] | {"cssrs_q4": "yes"}})
    assert crisis.status_code == 201
    assert crisis.json()["contacts"]
    assert crisis.json()["recommendation"]["safety"]["level"] == "refused"
    waits = client.post(URL, json=profile | {"values": profile["values"] | {"phq9_item9": 2.0}})
    told = waits.json()
    assert (waits.status_code, told["withheld"], told["safety"]["waiting"]) == (201, "model_stopped", ["SI-01"])
    assert told["contacts"] == crisis.json()["contacts"]
    assert [one["label"] for one in told["arms"]] == sorted(one["label"] for one in told["arms"])
    for word in ("effect", "rank", "average", "recommended"):
        assert f'"{word}' not in waits.text
    client.post(f"{MODEL}/lift", json=ORDER)
    where = waits.headers["location"]
    assert client.get(where).content == waits.content
    for part in ("basis", "fhir"):
        assert client.get(f"{where}/{part}").status_code == 409
    assert client.post(f"{where}/review", json=SIGNED).status_code == 409
    row = store.get(told["id"])
    assert replay(store, row, policy_folder).same


def test_what_was_answered_before(client: Any, profile: dict[str, Any]) -> None:
    """Earlier answers stay on record, and are neither released nor given to patients while their model is out."""
    one, other = (client.post(URL, json=profile).headers["location"] for _ in range(2))
    for action in ("review", "release"):
        client.post(f"{one}/{action}", json=SIGNED)
    client.post(f"{other}/review", json=SIGNED)
    client.post(f"{MODEL}/stop", json=ORDER)
    assert client.get(one).status_code == 200
    assert (client.get(f"{one}/sheet").status_code, client.get(f"{one}/sheet").json()["type"]) == (503, STOPPED)
    refused = client.post(f"{other}/release", json=SIGNED)
    assert refused.status_code == 409
    assert "out of service" in refused.json()["detail"]
    assert "out of service" in client.get(f"{other}/history").json()["release_obstacles"][0]
    client.post(f"{MODEL}/lift", json=ORDER)
    assert client.get(f"{one}/sheet").status_code == 200
    assert client.post(f"{other}/release", json=SIGNED).status_code == 200


def test_no_answer_slips_through(client: Any, store: Store, profile: dict[str, Any], monkeypatch: Any) -> None:
    """An answer that was begun before the stop is not given after it: it is looked at again as it is written."""
    client.post(f"{MODEL}/stop", json=ORDER)
    look = Store.before
    monkeypatch.setattr(Store, "before", lambda *given: replace(look(*given), stopped_at=None))
    assert client.post(URL, json=profile).json()["type"] == STOPPED
    assert kinds(store)[-1] == ("refusal", "refused")
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM recommendations")).scalar_one() == 0


@pytest.fixture
def replicas(policy_folder: Path, tmp_path: Path, monkeypatch: Any, database_url: str) -> Iterator[list[str]]:
    """Addresses of two services, each a process of its own, over one database."""
    (tmp_path / "contacts.yaml").write_text('- {name: Crisis line, phone: "+00 000 000", when: day and night}\n')
    monkeypatch.setenv("EQUIPOISE_CONTACTS", str(tmp_path / "contacts.yaml"))
    monkeypatch.setenv("EQUIPOISE_DATABASE_URL", database_url)
    command = [sys.executable, "-m", "service", "serve", "--local", "--policy", str(policy_folder), "--port", "0"]
    running = []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        assert process.stdout is not None
        process.address = process.stdout.readline().split()[-1]  # type: ignore[attr-defined]
    yield [process.address for process in running]  # type: ignore[attr-defined]
    for process in running:
        process.kill()
        process.communicate()


def test_two_replicas(replicas: list[str], profile: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Once the command has said so, the very next request of every replica is refused; the time is printed."""
    clients = [httpx.Client(base_url=address, timeout=60, trust_env=False) for address in replicas]
    assert [one.post(URL, json=profile).status_code for one in clients] == [201, 201]
    began = time.perf_counter()
    assert main(["stop", "tiny", "--by", "K. Adler", "--why", "test"]) == 0
    told = time.perf_counter()
    answers = [one.post(URL, json=profile) for one in clients]
    over = time.perf_counter()
    assert [one.json()["type"] for one in answers] == [STOPPED] * 2
    assert main(["stops"]) == 0
    assert "tiny: OUT OF SERVICE" in capsys.readouterr().out
    assert main(["lift", "tiny", "--by", "K. Adler", "--why", "over"]) == 0
    assert [one.post(URL, json=profile).status_code for one in clients] == [201, 201]
    called = time.perf_counter()
    assert clients[0].post(f"{MODEL}/stop", json=ORDER).status_code == 200
    assert clients[1].post(URL, json=profile).json()["type"] == STOPPED
    ended = time.perf_counter()
    with capsys.disabled():
        kind = os.environ["EQUIPOISE_DATABASE_URL"].partition(":")[0]
        print(
            f"\n{kind}: the command took {told - began:.3f} s, both replicas refused {over - told:.3f} s later; "
            f"by HTTP, {ended - called:.3f} s from the call to the other replica's refusal"
        )
    for one in clients:
        one.close()


def test_who_stopped_it_puts_it_back(served: Any, store: Store, profile: dict[str, Any]) -> None:
    """Any organisation stops it for all; it is out until each that stopped it took its stop back, or the operator."""
    here, there = (administrator(served, store, organisation) for organisation in ("St Example", "Other Trust"))

    def out() -> bool:
        return integrator.post(URL, json=profile).status_code == 503

    integrator = administrator(served, store, "St Example", "integrator")
    assert here.post(f"{MODEL}/lift", json=ORDER).status_code == 409
    assert here.post(f"{MODEL}/stop", json=ORDER).json()["stopped_by"] == ["St Example"]
    assert out()
    refused = there.post(f"{MODEL}/lift", json=ORDER)
    assert (refused.status_code, "St Example" in refused.json()["detail"]) == (403, True)
    assert kinds(store)[-1] == ("denied", "denied")
    assert there.post(f"{MODEL}/stop", json=ORDER).json()["stopped_by"] == ["St Example", "Other Trust"]
    taken = here.post(f"{MODEL}/lift", json=ORDER).json()
    assert (taken["in_service"], taken["stopped_by"], taken["changes"][-1]["switch"]) == (
        False,
        ["Other Trust"],
        "withdrawn",
    )
    assert out()
    assert here.post(f"{MODEL}/lift", json=ORDER).json() == taken  # said again
    assert here.post(f"{MODEL}/lift", json=ORDER | {"why": "again"}).status_code == 403
    assert there.post(f"{MODEL}/lift", json=ORDER).json()["in_service"]
    assert not out()
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()


def test_who_runs_the_service_has_the_wider_hand(
    served: Any, store: Store, profile: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator lifts every stop at once; an organisation lifts no stop of the operator's, and may stop again."""
    here, there = (administrator(served, store, organisation) for organisation in ("St Example", "Other Trust"))
    integrator = administrator(served, store, "St Example", "integrator")
    for one in (here, there):
        one.post(f"{MODEL}/stop", json=ORDER)
    assert main(["stops"]) == 0
    assert "OUT OF SERVICE, stopped by St Example and Other Trust" in capsys.readouterr().out
    assert main(["lift", "tiny", "--by", "K. Adler", "--why", "both have agreed"]) == 0
    assert integrator.post(URL, json=profile).status_code == 201
    assert here.post(f"{MODEL}/stop", json=ORDER).json()["in_service"] is False  # in the words of before
    assert integrator.post(URL, json=profile).status_code == 503
    assert here.post(f"{MODEL}/lift", json=ORDER).json()["in_service"]
    assert main(["stop", "tiny", "--by", "K. Adler", "--why", "of the deployment"]) == 0
    told = there.post(f"{MODEL}/lift", json=ORDER)
    assert (told.status_code, "who runs the service" in told.json()["detail"]) == (403, True)
    assert here.get(f"{MODEL}/stop").json()["stopped_by"] == [None]
    assert integrator.post(URL, json=profile).status_code == 503


def administrator(served: Any, store: Store, organisation: str, role: Any = "administrator") -> Any:
    """A client of an organisation's."""
    from fastapi.testclient import TestClient

    held = {"issuer": "https://login.example.org", "organisation": organisation, "method": "oidc"}
    who = LOCAL.model_copy(update={**held, "roles": frozenset({role})})
    callers = Callers(lambda _: who, lambda _, __: who)
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    return TestClient(create_app(Collaborators(lambda: served, store, contacts, callers=callers)))
