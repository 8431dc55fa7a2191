"""Killed without warning, however often: what was acknowledged is there, and the chain is whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.audit.verify import verify
from service.storage.store import Store

SCRIPT = Path(__file__).with_name("write_until_killed.py")
WRITERS = 4


def kill_while_writing(url: str, kills: int, processes: int, rng: random.Random) -> set[str]:
    """Start, wait for some acknowledgements, kill; the ids that were acknowledged."""
    acknowledged: set[str] = set()
    for _ in range(kills):
        command = [sys.executable, str(SCRIPT), url, str(WRITERS)]
        writers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
        heard = [next(_lines(writer)) for writer in writers]  # it writes
        time.sleep(rng.uniform(0, 0.05))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer, first in zip(writers, heard, strict=True):
            rest, _ = writer.communicate()
            # The last line may be cut: an acknowledgement that was not finished is none.
            acknowledged |= {first, *(line.decode() for line in rest.split(b"\n")[:-1])}
    return acknowledged


def _lines(writer: subprocess.Popen[bytes]) -> Iterator[str]:
    assert writer.stdout is not None
    while line := writer.stdout.readline():
        yield line.decode().strip()


def check_nothing_is_lost(store: Store, acknowledged: set[str], least: int) -> None:
    with store.reading() as connection, store.reading() as beside:
        result = verify(connection, beside, (), store.ring)
        kept = set(connection.execute(text("SELECT id FROM recommendations")).scalars())
    assert result.findings == ()
    assert acknowledged <= kept
    assert len(acknowledged) >= least
    for name in list(acknowledged)[:20]:
        assert store.get(name).response


def kills_of(store: Store, url: str, kills: int, processes: int = 1) -> int:
    """Kill so often, and check; how many answers were acknowledged."""
    store.keep_policy("c" * 64, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, datetime.now(UTC)))
    acknowledged = kill_while_writing(url, kills, processes, random.Random(7))
    check_nothing_is_lost(store, acknowledged, kills * processes)  # each was heard of once at least
    return len(acknowledged)


def test_five_kills(any_store: Store, database_url: str) -> None:
    """Five times in the middle of writing by four threads: no acknowledged answer is lost, the chain verifies."""
    kills_of(any_store, database_url, 5)


def test_two_replicas_share_one_chain(any_store: Store, database_url: str) -> None:
    """Two processes that write to one database, and are killed, leave one chain without gap or fork."""
    kills_of(any_store, database_url, 2, processes=2)


@pytest.mark.slow
def test_two_hundred_kills(any_store: Store, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same 200 times; how many were acknowledged is printed."""
    acknowledged = kills_of(any_store, database_url, 200)
    with capsys.disabled():
        kind = database_url.partition(":")[0]
        print(f"\n{kind}: 200 kills, {acknowledged} acknowledged answers, none lost, the chain is whole")
