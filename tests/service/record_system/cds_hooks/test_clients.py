"""Clients and a FHIR server that are not ours, each in its own environment (`make test-clients`)."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import uvicorn

ROOT = Path(__file__).parents[4]
CLIENTS = ROOT / ".venv-clients" / "bin"
FOREIGN = Path(__file__).with_name("foreign")
PREFIX = "/cds-services/fhir-mcp-"
LACKING = ("questionnaires",)
"""What the server has no search for; a record system that keeps no questionnaires sends null."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CLIENTS / "python").exists(), reason="needs .venv-clients: make test-clients"),
]


def wait_for(address: str) -> None:
    """Until something answers there."""
    for _ in range(300):
        try:
            httpx.get(address, timeout=60)
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


@pytest.fixture
def service(ehr: Any, held_port: Callable[[], int]) -> Iterator[str]:
    """The service on a port of its own; fhir-mcp's names of services lead to ours."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path", "").startswith(PREFIX):
            path = scope["path"].replace(PREFIX, "/cds-services/equipoise-", 1)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await ehr.client.app(scope, receive, send)

    port = held_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(f"http://127.0.0.1:{port}/healthz")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def fhir_server(start_fhir_server: Callable[..., str]) -> str:
    """A FHIR server that is not ours, empty."""
    return start_fhir_server()


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[..., Any]:
    """Runs a client and gives what it printed, as JSON."""

    def run(script: str, *arguments: str) -> Any:
        command = [str(CLIENTS / "python"), str(FOREIGN / script), *arguments]
        place = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=place, cwd=tmp_path)  # noqa: PLW1510
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
def prefetch_file(ehr: Any, tmp_path: Path) -> Path:
    """A whole prefetch as a file; empty bundles where there is nothing."""
    empty = ehr.record.bundle()
    prefetch = {key: value or empty for key, value in ehr.request()["prefetch"].items()}
    path = tmp_path / "prefetch.json"
    path.write_text(json.dumps(prefetch))
    return path


def found(client: Any, template: str) -> Any:
    """What a server has for a prefetch template, asked by fhirpy."""
    path, _, query = template.replace("{{context.patientId}}", "P-1").partition("?")
    params = {name: [value] for name, value in parse_qsl(query)}
    return json.loads(json.dumps(client.execute(path, method="get", params=params)))


def topics(cards: list[dict[str, Any]]) -> list[str]:
    """What sort of cards they are."""
    return [card["source"]["topic"]["code"] for card in cards]


def test_healthchain(service: str, foreign: Any, prefetch_file: Path) -> None:
    """Healthchain's sandbox loads a prefetch, calls patient-view and gets the card of the ranking."""
    url = f"{service}/cds-services/equipoise-patient-view"
    (answer,) = foreign("healthchain_call.py", url, "patient-view", str(prefetch_file), "P-1")
    assert topics(answer["cards"]) == ["ranking"]


def test_fhir_mcp(service: str, foreign: Any, prefetch_file: Path) -> None:
    """fhir-mcp sends no UUID and hides the patient: with its own pseudonym in the context the answer is ours.

    It replaces the date of birth by what is no date; a client that leaves it out is told that the age is missing.
    """
    prefetch = json.loads(prefetch_file.read_text())
    del prefetch["patient"]["birthDate"]
    prefetch_file.write_text(json.dumps(prefetch))
    answer = foreign("fhir_mcp_call.py", service, str(prefetch_file), "hidden")
    assert answer["mock"] is False, answer
    assert topics(answer["cards"]) == ["cannot-compare"]


def test_fhir_mcp_with_another_patient(service: str, foreign: Any, prefetch_file: Path) -> None:
    """With the name in the context and pseudonyms in the data it is another patient's record: refused, 422."""
    answer = foreign("fhir_mcp_call.py", service, str(prefetch_file), "P-1")
    assert (answer["mock"], answer["why"]) == (True, "http_422")


def test_prefetch_from_a_real_server(ehr: Any, service: str, fhir_server: str) -> None:
    """Our templates, run on a FHIR server by fhirpy, give what a card needs; an item 9 of 2 comes first."""
    from fhirclient.client import FHIRClient
    from fhirclient.models.patient import Patient
    from fhirpy import SyncFHIRClient

    one, client = ehr.record, SyncFHIRClient(fhir_server)
    kept = [
        one.patient(), one.observation("44261-6", 17), one.observation("44260-8", 2), one.condition("F31.3"),
        one.medicine("36437"), one.allergy(text="Penicillin"), one.consent(),
    ]  # fmt: skip
    for resource in kept:
        client.resource(resource["resourceType"], **resource).save()
    smart = FHIRClient(settings={"app_id": "equipoise-tests", "api_base": fhir_server})
    assert Patient.read("P-1", smart.server).gender == "female"
    (listed,) = [
        s for s in httpx.get(f"{service}/cds-services", timeout=60).json()["services"] if s["hook"] == "patient-view"
    ]
    prefetch: dict[str, Any] = dict.fromkeys(LACKING)
    for key, template in listed["prefetch"].items():
        if key not in LACKING:
            prefetch[key] = found(client, template)
    request = {**ehr.request(), "prefetch": prefetch}
    answer = httpx.post(f"{service}/cds-services/{listed['id']}", json=request, timeout=60)
    assert answer.status_code == 200, answer.text
    assert topics(answer.json()["cards"]) == ["safety-first"]
    done = one.procedure(one.coded("ack", "SI-01"))
    client.resource("Procedure", **done).save()
    prefetch["procedures"] = found(client, listed["prefetch"]["procedures"])
    (card,) = httpx.post(f"{service}/cds-services/{listed['id']}", json=request, timeout=60).json()["cards"]
    assert topics([card]) == ["ranking"]
    assert "Dr Example" in card["detail"]
