"""Where records are: a path, or the address of a database."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

Place: TypeAlias = Path | str
"""A path, or the address of a database (text with ``://``)."""


def place_of(text: str) -> Place:
    """Where records are, from what a person wrote."""
    return text if "://" in text else Path(text)


def name_of(place: Place) -> str:
    """What to call a place in messages: of an address neither user nor password nor settings."""
    if isinstance(place, Path):
        return place.name
    parts = urlsplit(place)
    host = parts.hostname or ""
    return (
        f"{parts.scheme}://{host}:{parts.port}{parts.path}" if parts.port else f"{parts.scheme}://{host}{parts.path}"
    )
