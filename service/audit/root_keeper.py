"""Writes a signed root as the service starts, every so often, and when it stops; and empties SQLite's log.

What an erasure destroyed may stand in that log while something reads for long: here it is looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

from data_contracts.errors import EquipoiseError
from service.audit.chain import head_of
from service.audit.root import write_root
from service.console import warn
from service.storage.database import empty_log
from service.storage.store import Store


class RootKeeper:
    """A thread beside the service. What fails is told once, and tried again at the next turn."""

    def __init__(self, store: Store, folder: Path, seconds: float, clock: Callable[[], datetime]) -> None:
        self._store, self._folder, self._seconds, self._clock = store, folder, seconds, clock
        self._stop = Event()
        self._written, self._told = -1, ""
        self._logged = False
        self._thread = Thread(target=self._run, name="audit-roots", daemon=True)

    def __enter__(self) -> RootKeeper:
        """Start, with a root at once: from then on there is one, and that all are gone shows."""
        self.write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, with a last root."""
        self._stop.set()
        self._thread.join()
        self.write()

    def write(self) -> bool:
        """Write a root if the chain has grown since the last; whether the chain's end is vouched for."""
        try:
            with self._store.reading() as connection:
                head = head_of(connection)
            if head.seq != self._written:
                write_root(self._folder, head, self._store.ring, self._clock())
                self._written, self._logged = head.seq, True
            self._logged = self._logged and not empty_log(self._store.engine)
        except (EquipoiseError, OSError) as error:
            what = error.strerror or "" if isinstance(error, OSError) else str(error)
            told = f"WARNING: no signed root of the audit's chain could be written to {self._folder}: {what}"
            if told != self._told:
                warn(told)
            self._told = told
            return False
        self._told = ""
        return True

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self.write()
