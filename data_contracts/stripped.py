"""Text without the blanks around it, taken off last: what a schema says of the text holds of it as it came."""

from __future__ import annotations

from pydantic import AfterValidator
from pydantic_core import PydanticKnownError


def _stripped(text: str) -> str:
    if not (found := text.strip()):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return found


STRIPPED = AfterValidator(_stripped)
"""Annotate text with it, after its other constraints. Pydantic's own ``strip_whitespace`` comes before them, so that a
text too long, or with a line break at its end, would pass though the published schema forbids it."""
