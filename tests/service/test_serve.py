"""`equipoise serve` as a real process on a free port."""

from __future__ import annotations

import gc
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from data_contracts.profile import PatientProfile
from engine.recommend import recommend
from service.__main__ import main
from service.serve import run
from service.served_policy import ServedPolicy

CONTACTS = '- {name: Crisis line, phone: "+00 000 000", when: day and night}\n'


@pytest.fixture
def command(policy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that serves the sound policy, everything it needs being configured."""
    (tmp_path / "contacts.yaml").write_text(CONTACTS)
    monkeypatch.setenv("EQUIPOISE_CONTACTS", str(tmp_path / "contacts.yaml"))
    return [
        sys.executable,
        "-W",
        "error",
        "-m",
        "service",
        "serve",
        "--local",
        "--policy",
        str(policy_folder),
        "--port",
        "0",
    ]


def words(command: list[str]) -> list[str]:
    """What the command is told, for the tests in which it ends before it listens: no process is needed for that."""
    return command[command.index("serve") :]


@pytest.fixture
def server(command: list[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running service: its address and its process."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"Equipoise serves tiny \(study aaaaaaaa…\) on (http://127\.0\.0\.1:\d+)\n", line)
    assert found, line
    try:
        yield found[1], process
    finally:
        process.kill()
        process.communicate()


def test_serves_until_told_to_stop(
    server: tuple[str, subprocess.Popen[str]], served: ServedPolicy, profile: dict[str, Any], home: Path
) -> None:
    """It answers as Python does, is ready, keeps the answer over a restart, and ends with 0 on SIGTERM."""
    address, process = server
    with httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
        assert client.get("/readyz").json()["policy"] == "tiny"
        answer = client.post("/v1/recommendations", json=profile)
        wanted = recommend(PatientProfile(**profile), served.policy, served.rules)
        assert answer.json()["recommendation"] == wanted.model_dump(mode="json")
        assert client.get(answer.headers["location"]).content == answer.content
        assert client.get("/nowhere").headers["content-type"] == "application/problem+json"
        assert "server" not in answer.headers
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, "")
    told = [line[:8] for line in err.splitlines() if line[0] != "{"]
    assert told == ["WARNING:"] * 2  # local mode, and the keys lie beside the data
    logged = [json.loads(line) for line in err.splitlines() if line[0] == "{"]
    assert [line["status"] for line in logged] == [200, 201, 200, 404]
    assert "LOCAL MODE" in err
    assert str(home / "keys" / "service.json") in err


def test_restart_still_has_the_answers(command: list[str], profile: dict[str, Any]) -> None:
    """Killed without warning and started again, the service gives back what it answered before."""
    seen: list[bytes] = []
    where = ""
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        try:
            if not where:
                where = httpx.post(f"{address}/v1/recommendations", json=profile, timeout=300).headers["location"]
            seen.append(httpx.get(f"{address}{where}", timeout=300).content)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert seen[0] == seen[1]


def test_what_was_loaded_is_never_looked_through_for_garbage(served: ServedPolicy) -> None:
    """While it answers, the collector passes over what was there before."""
    seen = []

    class Server(uvicorn.Server):
        def run(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - as uvicorn calls it
            seen.append(gc.get_freeze_count())

    before = len(gc.get_objects())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        try:
            run(FastAPI(), listening, served, Server)
        finally:
            gc.unfreeze()
    assert seen[0] > before / 2, "all that is in use and can refer to others"


def test_refuses_without_contacts(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without crisis contacts it does not start: exit 5, the variable and its format on standard error."""
    monkeypatch.delenv("EQUIPOISE_CONTACTS")
    assert main(words(command)) == 5
    told = capsys.readouterr().err
    assert "EQUIPOISE_CONTACTS" in told
    assert "phone:" in told
    assert "Traceback" not in told


def test_taken_port_is_told(command: list[str]) -> None:
    """A port that is taken is told in words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*command[:-1], port], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 2
    assert f"port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_refuses_without_anybody_to_believe(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Told neither whom to believe nor that it is local, it does not start: exit 5, and the form of the file."""
    command.remove("--local")
    assert main(words(command)) == 5
    told = capsys.readouterr().err
    assert "EQUIPOISE_ACCESS" in told
    assert "issuers:" in told
    assert "serve --local" in told


def test_local_mode_stays_on_its_machine(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Local mode listens to no address that others reach, nor beside an access file; both are told at once."""
    monkeypatch.setenv("EQUIPOISE_ACCESS", "access.yaml")
    assert main([*words(command), "--host", "::"]) == 2
    told = capsys.readouterr().err
    assert "EQUIPOISE_ACCESS" in told
    assert "own machine" in told
