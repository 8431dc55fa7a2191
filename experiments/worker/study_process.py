"""A study as a process of its own, so that it can be stopped and what it tells can be passed on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import IO

TOLD = re.compile(r"^study: +(\d+)% (.*)$")
LAST_LINES = 40
PATIENCE = 30.0
"""Seconds that a study has to end by itself after it was interrupted."""


class StudyProcess:
    """`equipoise-lab study`, running.

    Attributes:
        step, share: how far it last said that it is.
    """

    def __init__(self, protocol: Path, table: Path, out: Path, more: Sequence[str] = ()) -> None:
        """Begin it, or go on where it was stopped in that folder."""
        self.step, self.share = "starting", 0.0
        command = [sys.executable, "-m", "experiments", "study", str(protocol), "--data", str(table)]
        self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            [*command, "--out", str(out), "--json", *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._printed = ""
        self._readers = [Thread(target=read, daemon=True) for read in (self._listen, self._take)]
        for reader in self._readers:
            reader.start()

    def wait(self, seconds: float) -> int | None:
        """The exit code, if it ends in that time."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        for reader in self._readers:
            reader.join()
        return code if code >= 0 else 128 - code

    def stop(self) -> int:
        """Interrupt it; it keeps the stages that it has finished. The exit code."""
        self._process.send_signal(signal.SIGINT)
        code = self.wait(PATIENCE)
        if code is None:
            self._process.kill()
            code = self.wait(PATIENCE)
        return 1 if code is None else code

    @property
    def message(self) -> str:
        """The last lines that it told beside its progress."""
        return "\n".join(self._lines)

    @property
    def version(self) -> str | None:
        """The version of the registered policy, once it is done."""
        try:
            return str(json.loads(self._printed)["version"])
        except (ValueError, KeyError, TypeError):
            return None

    def _listen(self) -> None:
        with _stream(self._process.stderr) as told:
            for line in told:
                if found := TOLD.match(line.rstrip()):
                    self.share, self.step = int(found[1]) / 100, found[2]
                else:
                    self._lines.append(line.rstrip())

    def _take(self) -> None:
        with _stream(self._process.stdout) as printed:
            self._printed = printed.read()


def _stream(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - both are pipes
    return pipe
