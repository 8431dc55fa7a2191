"""Real processes of the service, callers that do not pause, and champions that change."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from data_contracts.manifest import sha256
from service.policy_source import cache_folder, name_champion

CONTACTS = '- {name: Crisis line, phone: "+00 000 000", when: day and night}\n'
Lab = Any


@dataclass
class Running:
    """One process that serves."""

    address: str
    process: subprocess.Popen[str]

    def client(self) -> httpx.Client:
        """A client of it."""
        return httpx.Client(base_url=self.address, timeout=60, trust_env=False)


@dataclass
class Champions:
    """Policies of one name in the cache, as `equipoise pull` leaves them."""

    lab: Lab
    name: str = "tiny"

    def put(self, gate: str = "passed", **arrays: Any) -> str:
        """Cache a policy and name it champion; its manifest's hash."""
        files = self.lab.promoted(self.lab.policy(gate=gate, arrays=arrays), name=self.name)
        digest = sha256(files["manifest.json"])
        folder = cache_folder(self.name) / digest
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        name_champion(self.name, digest)
        return digest


@dataclass
class Callers:
    """Threads that ask without pause until they are told to stop; what came of each call, in each thread's order."""

    addresses: list[str]
    profile: Mapping[str, Any]
    count: int = 4
    seen: list[list[tuple[int, str]]] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)

    def __enter__(self) -> Callers:
        self._stop = Event()
        self.seen = [[] for _ in range(self.count)]
        self._threads = [Thread(target=self._call, args=(number,)) for number in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def seen_by_all(self, policy: str | None = None) -> None:
        """Wait until each thread has got an answer, by this policy; the limit keeps a broken test from hanging."""
        for _ in range(1200):
            if self.broken or all(seen and policy in (None, seen[-1][1]) for seen in self.seen):
                return
            time.sleep(0.05)
        raise AssertionError("waited in vain")

    def stop(self) -> None:
        """Send nothing new."""
        self._stop.set()

    def _call(self, number: int) -> None:
        address = self.addresses[number % len(self.addresses)]
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            while not self._stop.is_set():
                try:
                    answer = client.post("/v1/recommendations", json=self.profile)
                except httpx.HTTPError as error:
                    self.broken.append(error)
                    return
                self.seen[number].append((answer.status_code, answer.json().get("policy_manifest_sha256", "")))


@pytest.fixture
def champions(lab: Lab) -> Champions:
    """The cache's champions."""
    return Champions(lab)


@pytest.fixture
def callers(profile: dict[str, Any]) -> Callable[..., Callers]:
    """Makes callers of services."""
    return lambda *services, count=4: Callers([one.address for one in services], profile, count)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    """Starts services; each is stopped at the end."""
    (tmp_path / "contacts.yaml").write_text(CONTACTS)
    monkeypatch.setenv("EQUIPOISE_CONTACTS", str(tmp_path / "contacts.yaml"))
    monkeypatch.setenv("EQUIPOISE_POLICY_SECONDS", "1")
    monkeypatch.setenv("EQUIPOISE_LOG_LEVEL", "warning")  # nobody reads the pipe while it serves
    started: list[Running] = []

    def run(policy: str = "tiny@champion", **settings: str) -> Running:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(f"EQUIPOISE_{name}", value)
            command = [
                sys.executable,
                "-W",
                "error",
                "-m",
                "service",
                "serve",
                "--local",
                "--policy",
                policy,
                "--port",
                "0",
            ]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        started.append(Running(line.split()[-1], process))
        return started[-1]

    yield run
    for one in started:
        one.process.kill()
        one.process.communicate()
