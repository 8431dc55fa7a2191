"""Counts calls by nobody known, so that a flood of them leaves one audit record a second and not one each."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

PAUSE = timedelta(seconds=1)


class Strangers:
    """The calls of one process that no record tells of yet."""

    def __init__(self) -> None:
        self._told: datetime | None = None
        self._calls = 0
        self._lock = Lock()

    def count(self, now: datetime) -> int:
        """Count one more call; how many a record is to tell of now, 0 if it is to wait."""
        with self._lock:
            self._calls += 1
            if self._told is not None and timedelta(0) <= now - self._told < PAUSE:
                return 0
            self._told, calls, self._calls = now, self._calls, 0
            return calls
