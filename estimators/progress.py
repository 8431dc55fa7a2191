"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, float], None]
"""Called with what is being done and the share (0-1) of the work behind it."""


def untold(_step: str, _share: float) -> None:
    """Tell nobody."""
