"""What a published schema says of a text holds of it as it came."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from data_contracts.profile import ShortText
from service.event import Name, Words

PADDED = {
    "a line break after a name": (Name, "Dr A. Mbeki\n"),
    "a name too long by blanks": (Name, "a" * 199 + "  "),
    "words too long by blanks": (Words, " " * 2001 + "a"),
    "an identifier too long by blanks": (ShortText, "P-1" + " " * 198),
    "blanks alone": (Name, "   "),
    "nothing": (ShortText, ""),
}


@pytest.mark.parametrize("case", PADDED)
def test_blanks_hide_nothing(case: str) -> None:
    """A text that the schema forbids is refused, though it would pass without the blanks around it."""
    kind, text = PADDED[case]
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


def test_blanks_are_taken_off() -> None:
    """A text that the schema allows is kept without the blanks around it."""
    assert TypeAdapter(Name).validate_python("  Dr A. Mbeki ") == "Dr A. Mbeki"
    assert TypeAdapter(Words).validate_python("\nas agreed\n") == "as agreed"
