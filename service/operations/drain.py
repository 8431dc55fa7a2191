"""Stops without losing a request: /readyz says no first, what has begun is finished, then the process ends."""

from __future__ import annotations

import signal
from threading import Event, Timer
from types import FrameType

import uvicorn

SECONDS_TO_FINISH = 10
"""How long answers that have begun may take after the service has stopped listening."""


class DrainingServer(uvicorn.Server):
    """A server that goes on answering for a while after SIGTERM, so that whoever sends it requests can see and stop.

    A second signal, or SIGINT (a person at a terminal), stops at once; answers that have begun are finished even then.
    uvicorn raises the signals that it caught again at its end, which would look like a crash: here none is kept.
    """

    def __init__(self, config: uvicorn.Config, draining: Event, seconds: float) -> None:
        super().__init__(config)
        self._draining, self._seconds = draining, seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain, or stop."""
        del frame
        if self._draining.is_set() or sig != signal.SIGTERM or self._seconds <= 0:
            self._draining.set()
            self._end()
            return
        self._draining.set()
        timer = Timer(self._seconds, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        self.should_exit = True
