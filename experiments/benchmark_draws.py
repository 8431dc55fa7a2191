"""Draws written down as they end, so that a long table can be filled in over several runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from experiments.benchmark_machine import machine

Result: TypeAlias = dict[str, Any]

ROOT = Path(__file__).parents[1]
SOURCES = ("data_contracts/**/*.py", "engine/**/*.py", "estimators/**/*.py", "experiments/benchmark*.py")
"""All that a draw's figures can depend on, beside the libraries."""


class DrawFile:
    """A file with one JSON line a draw: its call, the code's version and what was found.

    Lines of another version are left alone and not read; a line that a killed run broke off is passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Result] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                kept = json.loads(line)
            except json.JSONDecodeError:
                continue
            if kept["code"] == code_version():
                self._known[json.dumps(kept["call"])] = kept["found"]

    def find(self, call: Sequence[Any]) -> Result | None:
        """What an earlier run found for the same call with the same code; None if there was none."""
        return self._known.get(json.dumps(call))

    def keep(self, call: Sequence[Any], found: Result) -> None:
        """Write a draw down at once."""
        self._known[json.dumps(call)] = found
        line = json.dumps({"call": list(call), "code": code_version(), "found": found}, allow_nan=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        broken = self.path.exists() and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if broken else "") + line + "\n")


@cache
def code_version() -> str:
    """Sixteen hex digits that change with our code and the libraries' versions."""
    paths = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
    parts = [sha256(path.read_bytes()).hexdigest() + path.relative_to(ROOT).as_posix() for path in paths]
    return sha256("\n".join([*parts, machine()["versions"]]).encode()).hexdigest()[:16]
