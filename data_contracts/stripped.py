"""Text without the blanks around it, taken off last: what a schema says of the text holds of it as it came."""

from __future__ import annotations

import unicodedata

from pydantic import AfterValidator
from pydantic_core import PydanticKnownError

FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Characters that Unicode counts as letters or symbols, and that show nothing."""


def is_visible(letter: str) -> bool:
    """Whether a character shows anything: neither a blank nor one without width."""
    return unicodedata.category(letter)[0] not in "CZ" and letter not in FILLERS


def _stripped(text: str) -> str:
    found = text.strip()
    if not any(map(is_visible, found)):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return found


STRIPPED = AfterValidator(_stripped)
"""Annotate text with it, after its other constraints. Pydantic's own ``strip_whitespace`` comes before them, so that a
text too long, or with a line break at its end, would pass though the published schema forbids it."""
