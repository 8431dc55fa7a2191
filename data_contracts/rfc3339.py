"""Days and times as RFC 3339 writes them, and nothing else: pydantic alone also takes "0" for a day in 1970."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _day(value: Any) -> Any:
    """A day of text in that form; anything else goes on as it is."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(_DAY.fullmatch(value)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise PydanticCustomError("day", "Input should be a day as 2026-01-31") from None


def _instant(value: Any) -> Any:
    """The same of a moment."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(_INSTANT.fullmatch(value)[0].upper())  # type: ignore[index]
        found.astimezone(UTC)  # by which it is kept: a moment before the year 1 there is none
        return found
    except (TypeError, ValueError, OverflowError):
        raise PydanticCustomError("instant", "Input should be a time with its zone as 2026-01-31T09:30:00Z") from None


Day: TypeAlias = Annotated[date, BeforeValidator(_day)]
"""A day; what a document says of it has the form 2026-01-31."""

Instant: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_instant)]
"""A moment; what a document says of it has the form 2026-01-31T09:30:00Z, or another offset."""
