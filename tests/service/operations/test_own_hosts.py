"""Local mode answers this machine's own names: a site whose name was made to lead here reads nothing."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.operations.own_hosts import OwnHosts

OWN = ("localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "127.8.8.8:1", "[::1]", "[::1]:8000")
OTHERS = (
    "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example:8000", "169.254.1.1", "",
    "0.0.0.0:8000", "localhost:8000:8000", "[::1].evil.example", "evil.example:[::1]", "localhost:x", "[::2]:80",
)  # fmt: skip


def status_for(hosts: tuple[str, ...]) -> int:
    """What the middleware answers to a call with these Host headers; 200 if it lets it through."""
    sent: list[dict[str, Any]] = []

    async def let_in(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"host", host.encode()) for host in hosts]}
    with ThreadPoolExecutor(1) as aside:  # a browser's test may have left a loop in this thread
        aside.submit(lambda: asyncio.run(OwnHosts(let_in)(scope, None, send))).result()  # type: ignore[arg-type]
    return int(sent[0]["status"])


def test_names() -> None:
    """Loopback names and addresses are let in with any port; whatever else names a host, none, and two are not."""
    assert {host: status_for((host,)) for host in OWN} == dict.fromkeys(OWN, 200)
    assert {host: status_for((host,)) for host in OTHERS} == dict.fromkeys(OTHERS, 421)
    assert [status_for(()), status_for(("localhost", "localhost"))] == [421, 421]


def test_a_service_of_ones_own_machine(policy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve --local` refuses a call under another name before anything of it is read, health too."""
    (tmp_path / "contacts.yaml").write_text('- {name: Crisis line, phone: "+00 000 000", when: day and night}\n')
    monkeypatch.setenv("EQUIPOISE_CONTACTS", str(tmp_path / "contacts.yaml"))
    command = [sys.executable, "-m", "service", "serve", "--local", "--policy", str(policy_folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = re.findall(r"http://\S+", process.stdout.readline())[0]
        for path in ("/", "/healthz", "/v1/studies"):
            refused = httpx.get(address + path, timeout=60, headers={"Host": "evil.example"})
            assert (refused.status_code, refused.headers["content-type"]) == (421, "application/problem+json")
        assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200
        named = address.replace("127.0.0.1", "localhost")
        assert httpx.get(f"{address}/", timeout=60, headers={"Host": named.removeprefix("http://")}).status_code == 200
    finally:
        process.kill()
        process.communicate()
