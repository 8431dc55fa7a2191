"""A patient's identifier: one line that can be printed, and one patient however its letters are put together.

An "é" may be one code point or two (Unicode's normal forms NFC and NFD), and looks the same. Systems write either, so
that what finds a patient goes by NFC, and what is echoed stays as it came.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from data_contracts.stripped import STRIPPED

LONGEST = 200


def normal_identifier(identifier: str) -> str:
    """The form by which patients are compared and looked up: NFC, without blanks around it."""
    return unicodedata.normalize("NFC", identifier.strip())


def _printable(identifier: str) -> str:
    """What nobody sees (a tab, a mark of byte order, a blank without width) would make another patient of it."""
    if not identifier.isprintable():
        raise PydanticCustomError("printable", "Input should be printable characters")
    return identifier


PatientId = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST), STRIPPED, AfterValidator(_printable)]
"""Annotate an identifier in a document with it."""
