"""What a published schema says of a text holds of it as it came."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from data_contracts.profile import Acknowledgement, ShortText
from service.event import Name, Signature, Words

PADDED = {
    "a line break after a name": (Name, "Dr A. Mbeki\n"),
    "a name too long by blanks": (Name, "a" * 199 + "  "),
    "words too long by blanks": (Words, " " * 2001 + "a"),
    "an identifier too long by blanks": (ShortText, "P-1" + " " * 198),
    "blanks alone": (Name, "   "),
    "nothing": (ShortText, ""),
    "blanks without width": (Name, "\u200b\u2060"),
    "a letter that shows nothing": (Name, "\u3164"),
}


@pytest.mark.parametrize("case", PADDED)
def test_blanks_hide_nothing(case: str) -> None:
    """A text that the schema forbids is refused, though it would pass without the blanks around it."""
    kind, text = PADDED[case]
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("by", ["no", "Unknown", "0", "-", "\u3164", "\u200b", "?", "N/A"])
def test_what_is_nobodys_name_acknowledges_nothing(by: str) -> None:
    """A yes or no, a mark, or nothing that can be seen in the place of the clinician's name."""
    with pytest.raises(ValidationError):
        Acknowledgement.model_validate({"by": by, "rules": ["SI-01"]})
    with pytest.raises(ValidationError):
        Signature.model_validate({"by": by, "role": "GP"})


@pytest.mark.parametrize("by", ["Dr A. Mbeki", "李医生", "12345", "O"])
def test_names_in_any_script_and_identifiers_are_names(by: str) -> None:
    """Whoever signs may be known by a number, or in letters of any script."""
    assert Acknowledgement.model_validate({"by": by, "rules": ["SI-01"]}).by == by


def test_blanks_are_taken_off() -> None:
    """A text that the schema allows is kept without the blanks around it."""
    assert TypeAdapter(Name).validate_python("  Dr A. Mbeki ") == "Dr A. Mbeki"
    assert TypeAdapter(Words).validate_python("\nas agreed\n") == "as agreed"
