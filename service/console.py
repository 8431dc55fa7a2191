"""Speaks to the person at the terminal; a line stays a line, whatever the width, and is sent at once."""

from __future__ import annotations

from rich.console import Console


def tell(text: str) -> None:
    """Say what the command was asked for, on standard output."""
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """Say what should be noticed, on standard error."""
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
