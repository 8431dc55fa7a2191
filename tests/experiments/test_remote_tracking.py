"""A remote tracking server: an `mlflow server` over HTTP holds study, policy and every move of an alias."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from data_contracts.gate import unjudged
from experiments.fit import write_fit
from experiments.promote import promote
from experiments.promotions import as_data
from experiments.registered import Registered
from experiments.report.write import write_report
from experiments.signing import Signer, open_signer
from experiments.tracking import track

WAIT = 90
"""Seconds that a server may take to answer for the first time."""


@dataclass(frozen=True)
class Server:
    """A server's address and the folder where it keeps everything."""

    address: str
    folder: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, held_port: Callable[[], int]) -> Iterator[Server]:
    """`mlflow server` on SQLite, artifacts behind it, on this machine alone."""
    folder = tmp_path_factory.mktemp("server")
    port = held_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'store.db'}", "--artifacts-destination", str(folder / "kept")),
    ]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    quiet.pop("MLFLOW_TRACKING_URI", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=quiet, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, folder / "log")
        yield Server(address, folder)
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(10 * WAIT):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).read()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not answer")


@pytest.fixture
def signer(home: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Signer:
    """A lab's key in a home of the test's own, with the server for its registry."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    return open_signer()


@pytest.fixture
def registered(signer: Signer, result: Any, tmp_path: Path) -> Registered:
    """The study, every attack on it survived, written, reported and tracked over HTTP."""
    attacks = [result.gates[0].model_copy(update={"name": name}) for name in unjudged(result.gates)]
    result = replace(result, gates=(*result.gates, *attacks))
    write_fit(result, tmp_path, signer)
    written = write_report(result, tmp_path)
    return track(result, tmp_path, signer, written.pictures, written.summary["answer"])


@pytest.mark.slow
def test_a_study_is_tracked_and_promoted_over_http(
    registered: Registered, signer: Signer, server: Server, home: Path, tmp_path: Path
) -> None:
    """Run, note, artifacts, version, aliases and their history are in the server; nothing of it lies in home."""
    from mlflow import MlflowClient

    assert registered.uri == server.address
    client = MlflowClient(server.address, server.address)
    run = client.get_run(registered.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    assert "| balance | passed |" in run.data.tags["mlflow.note.content"]
    kept = {path.path for path in client.list_artifacts(registered.run_id)}
    assert {"policy", "plots", "promotions", "report.html", "report.json", "gates.json", "protocol.json"} <= kept
    page = client.download_artifacts(registered.run_id, "report.html", str(tmp_path))
    assert Path(page).read_bytes() == (tmp_path / "report.html").read_bytes()

    promote("null", registered.version, "A. Analyst", "read the report", signer)
    assert str(client.get_model_version_by_alias("null", "champion").version) == registered.version
    moves = json.loads(as_data("null"))
    assert [(move["alias"], move["to_version"], move["doubts"]) for move in moves] == [
        ("challenger", registered.version, []),
        ("champion", registered.version, []),
    ]
    assert moves[1]["by"] == "A. Analyst"
    assert {path.name for path in home.iterdir()} == {"keys", "trusted"}
