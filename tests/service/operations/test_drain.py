"""Told to stop, the service says so first and finishes what it has begun."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any


def test_says_so_first_and_loses_nothing(
    champions: Any, start: Callable[..., Any], callers: Callable[..., Any]
) -> None:
    """After SIGTERM /readyz is a 503 while calls are still answered; callers that heed it lose none, and exit is 0.

    However slow this machine is, the time to drain does not run out: once nobody calls, a second signal ends it.
    """
    champions.put()
    running = start(DRAIN_SECONDS="600")
    with callers(running) as calls:
        calls.seen_by_all()
        running.process.send_signal(signal.SIGTERM)
        with running.client() as client:
            while (answer := client.get("/readyz")).status_code == 200:
                time.sleep(0.02)
            assert answer.json()["problems"][0]["where"] == "running"
            assert answer.headers["connection"] == "close"
            before = [len(seen) for seen in calls.seen]
            while any(len(seen) == count for seen, count in zip(calls.seen, before, strict=True)):
                assert calls.broken == []
                time.sleep(0.02)  # still answered
        calls.stop()
    running.process.send_signal(signal.SIGTERM)
    assert calls.broken == []
    assert {status for seen in calls.seen for status, _ in seen} == {201}
    running.process.wait(timeout=60)
    assert running.process.returncode == 0


def test_what_has_begun_is_finished(
    champions: Any, start: Callable[..., Any], profile: dict[str, Any], home: Path
) -> None:
    """A call that waits for the database while the process is told to stop is answered, and its answer kept."""
    champions.put()
    running = start(DRAIN_SECONDS="600")
    holding = sqlite3.connect(home / "service.db", isolation_level=None)
    holding.execute("BEGIN IMMEDIATE")
    answers: list[Any] = []
    with running.client() as client:
        thread = Thread(target=lambda: answers.append(client.post("/v1/recommendations", json=profile)))
        thread.start()
        with running.client() as beside:
            while "equipoise_requests_under_way 2.0" not in beside.get("/metrics").text:  # this call, and the one held
                time.sleep(0.02)
            assert not answers
            running.process.send_signal(signal.SIGTERM)
            while beside.get("/readyz").status_code == 200:
                time.sleep(0.02)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        holding.rollback()
        thread.join()
    assert answers[0].status_code == 201
    running.process.wait(timeout=60)
    assert running.process.returncode == 0
    kept = holding.execute("SELECT id FROM recommendations").fetchall()
    holding.close()
    assert kept == [(answers[0].json()["id"],)]
