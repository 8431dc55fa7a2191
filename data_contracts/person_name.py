"""Names of people who stand for something: a text that somebody could be called by, and no blank, mark or yes."""

from __future__ import annotations

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from data_contracts.stripped import is_visible

NO_NAMES = frozenset(
    ("0", "1", "yes", "no", "y", "n", "true", "false", "none", "null", "nil", "na", "n/a", "nan", "nobody", "unknown")
)
"""What stands in records in the place of a name, in lower case."""


def is_name(text: str) -> bool:
    """Whether a text may be somebody's name or identifier: a letter or digit is in it, and it is no yes or no."""
    return text.strip().casefold() not in NO_NAMES and any(letter.isalnum() and is_visible(letter) for letter in text)


def _named(text: str) -> str:
    if not is_name(text):
        raise PydanticCustomError("person_name", "Input should be somebody's name or identifier")
    return text


NAMED = AfterValidator(_named)
"""Annotate the text of a name with it, after its other constraints."""
