"""The examples of docs/integration.md, run as they stand there against a service that runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn

PAGE = (
    (Path(__file__).parents[3] / "docs" / "integration.md")
    .read_text(encoding="utf-8")
    .partition("## From a program")[2]
)
RECORD = {
    "Patient/P-1": {"resourceType": "Patient", "id": "P-1", "birthDate": "1985-04-02", "gender": "female"},
}


def example(language: str, number: int = 0) -> str:
    """A block of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)[number]


class Record(BaseHTTPRequestHandler):
    """A FHIR server of one patient, all searches of whom find nothing."""

    def do_GET(self) -> None:
        """Answer a read or a search."""
        name = self.path.removeprefix("/")
        found = RECORD.get(name, {"resourceType": "Bundle", "type": "searchset", "total": 0} if "?" in name else None)
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/fhir+json")
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(client: Any) -> Iterator[str]:
    """The service on a port of its own."""
    config = uvicorn.Config(client.app, port=0, log_level="error", log_config=None, lifespan="off")
    server, listening = uvicorn.Server(config), config.bind_socket()
    listening.listen()  # who comes before the server runs waits, and is not refused
    thread = Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(60)
    listening.close()


@pytest.fixture
def fhir() -> Iterator[str]:
    """A FHIR server that is there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Record)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(address: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command beside the service, whose address it knows."""

    def go(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        place = {**os.environ, "EQUIPOISE": address, "NO_PROXY": "*", **environment}
        return subprocess.run(command, capture_output=True, text=True, env=place, timeout=120, check=False)

    return go


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(run: Callable[..., Any]) -> None:
    """The call of the page gets an answer, and made again the same one."""
    first, again = (run("bash", "-c", example("sh")) for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    assert json.loads(first.stdout)["recommendation"]["patient_id"] == "pseudonym-17"
    assert again.stdout == first.stdout


def test_python(run: Callable[..., Any], client: Any) -> None:
    """The program of the page prints every therapy, and the review is kept."""
    done = run(sys.executable, "-c", example("python"))
    assert done.returncode == 0, done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()} >= {"usual_care", "icbt", "cbt", "hypnosis"}


def test_fhir_server(run: Callable[..., Any], fhir: str) -> None:
    """From a FHIR server that knows little the program gets one card that says what is missing."""
    done = run(sys.executable, "-c", example("python", 1), FHIR=fhir, PATIENT="P-1")
    assert done.returncode == 0, done.stderr
    assert re.match(r"(info|warning|critical) .+", done.stdout)


def test_fhir_server_gone(run: Callable[..., Any], fhir: str) -> None:
    """Of a patient whom the server does not know the required data are missing: 412, and not 5xx."""
    done = run(sys.executable, "-c", example("python", 1), FHIR=f"{fhir}/nowhere", PATIENT="P-2")
    assert done.returncode == 1
    assert "412" in done.stderr
