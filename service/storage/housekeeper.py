"""Applies the deployment's retention once a day while the service runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from data_contracts.errors import EquipoiseError
from service.audit.actor import OPERATOR
from service.console import warn
from service.storage.retention import apply_retention
from service.storage.store import Store

DAY = 24 * 60 * 60.0


class Housekeeper:
    """A thread beside the service; without a retention it does nothing."""

    def __init__(self, store: Store, days: int | None, clock: Callable[[], datetime]) -> None:
        self._store, self._days, self._clock = store, days, clock
        self._stop = Event()
        self._thread = Thread(target=self._run, args=(days,), name="retention", daemon=True)

    def __enter__(self) -> Housekeeper:
        """Start, if anything is to be removed ever."""
        if self._days is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        if self._days is not None:
            self._thread.join()

    def _run(self, days: int) -> None:
        while True:
            try:
                apply_retention(self._store, days, OPERATOR, self._clock())
            except EquipoiseError as error:
                warn(f"WARNING: old answers could not be removed: {error}")
            if self._stop.wait(DAY):
                return
