"""Killed without warning, however often: what was acknowledged is there, and the chain is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.audit.verify import verify
from service.storage.store import Store

SCRIPT = Path(__file__).with_name("write_until_killed.py")
THREADS = 4


@dataclass
class Writers:
    """Starts processes that write; each is forked from one that has imported what they need."""

    server: subprocess.Popen[str]
    folder: Path

    def start(self) -> Writer:
        """One more, which has acknowledged an answer."""
        told = self.folder / f"told-{uuid4().hex}"
        told.touch()
        writer = Writer(self, int(self.ask(str(told))), told)
        while not writer.acknowledged():
            time.sleep(0.01)
        return writer

    def ask(self, line: str) -> str:
        """What it answers to a line."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(f"{line}\n")
        self.server.stdin.flush()
        return self.server.stdout.readline().strip()


@dataclass
class Writer:
    """A process that writes, and where it tells of what was acknowledged."""

    writers: Writers
    pid: int
    told: Path

    def acknowledged(self) -> set[str]:
        """Ids of answers. The last line may be cut: an acknowledgement that was not finished is none."""
        return {line.decode() for line in self.told.read_bytes().split(b"\n")[:-1]}

    def kill(self) -> None:
        """Send it SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> set[str]:
        """What it had acknowledged when it was killed."""
        assert self.writers.ask(str(self.pid)) == str(int(signal.SIGKILL))
        return self.acknowledged()


@pytest.fixture
def writers(database_url: str, tmp_path: Path) -> Iterator[Writers]:
    """Starts writers on the database."""
    command = [sys.executable, str(SCRIPT), database_url, str(THREADS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield Writers(server, tmp_path)


def kill_while_writing(writers: Writers, kills: int, processes: int, rng: random.Random) -> set[str]:
    """Start, wait for some acknowledgements, kill; the ids that were acknowledged."""
    acknowledged: set[str] = set()
    for _ in range(kills):
        started = [writers.start() for _ in range(processes)]
        time.sleep(rng.uniform(0, 0.05))
        for writer in started:
            writer.kill()
        acknowledged |= set().union(*(writer.end() for writer in started))
    return acknowledged


def check_nothing_is_lost(store: Store, acknowledged: set[str], least: int) -> None:
    with store.reading() as connection, store.reading() as beside:
        result = verify(connection, beside, (), store.ring)
        kept = set(connection.execute(text("SELECT id FROM recommendations")).scalars())
    assert result.findings == ()
    assert acknowledged <= kept
    assert len(acknowledged) >= least
    for name in list(acknowledged)[:20]:
        assert store.get(name).response


def kills_of(store: Store, writers: Writers, kills: int, processes: int = 1) -> int:
    """Kill so often, and check; how many answers were acknowledged."""
    store.keep_policy("c" * 64, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, datetime.now(UTC)))
    acknowledged = kill_while_writing(writers, kills, processes, random.Random(7))
    check_nothing_is_lost(store, acknowledged, kills * processes)  # each was heard of once at least
    return len(acknowledged)


def test_five_kills(any_store: Store, writers: Writers) -> None:
    """Five times in the middle of writing by four threads: no acknowledged answer is lost, the chain verifies."""
    kills_of(any_store, writers, 5)


def test_two_replicas_share_one_chain(any_store: Store, writers: Writers) -> None:
    """Two processes that write to one database, and are killed, leave one chain without gap or fork."""
    kills_of(any_store, writers, 2, processes=2)


@pytest.mark.slow
def test_two_hundred_kills(
    any_store: Store, writers: Writers, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same 200 times; how many were acknowledged is printed."""
    acknowledged = kills_of(any_store, writers, 200)
    with capsys.disabled():
        kind = database_url.partition(":")[0]
        print(f"\n{kind}: 200 kills, {acknowledged} acknowledged answers, none lost, the chain is whole")
