"""A code of a terminology, with what it means and where that was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from data_contracts.check_digit import mod10_holds, verhoeff_holds
from data_contracts.figure import FrozenFact

System = Literal["LOINC", "SNOMED CT", "ATC", "RxNorm", "OMOP", "ICD-10"]

_FORM: Mapping[System, re.Pattern[str]] = MappingProxyType(
    {
        "LOINC": re.compile(r"[1-9][0-9]{0,6}-[0-9]"),
        # The two digits before the last tell a concept (00, or 10 in an extension) from a description or relation.
        "SNOMED CT": re.compile(r"[1-9][0-9]{2,14}[01]0[0-9]"),
        "ATC": re.compile(r"[ABCDGHJLMNPRSV](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?"),
        "RxNorm": re.compile(r"[1-9][0-9]{0,7}"),
        "OMOP": re.compile(r"[1-9][0-9]{3,9}"),
        "ICD-10": re.compile(r"[A-Z][0-9]{2}(?:\.[0-9]{1,2})?"),
    }
)


class Code(FrozenFact):
    """One code.

    Attributes:
        system: the terminology.
        code: the code in it.
        display: what it means in the words of the source; not always the terminology's preferred term.
        source: where code and meaning were found.
        verified: whether that source was read.
    """

    system: System
    code: str = Field(min_length=1)
    display: str = Field(min_length=1)
    source: str = Field(min_length=1)
    verified: bool


def is_well_formed(system: System, code: str) -> bool:
    """Whether a code has its terminology's form and, in LOINC and SNOMED CT, the right check digit."""
    if not _FORM[system].fullmatch(code):
        return False
    if system == "LOINC":
        return mod10_holds(code.replace("-", ""))
    return verhoeff_holds(code) if system == "SNOMED CT" else True


def normal_form(system: System, code: str) -> str:
    """A code as records write it in the form used here: upper case, no blanks, and the dot of ICD-10."""
    plain = re.sub(r"\s", "", code).upper()
    undotted = re.fullmatch(r"([A-Z][0-9]{2})([0-9]{1,2})X?", plain) if system == "ICD-10" else None
    if undotted:
        return f"{undotted[1]}.{undotted[2]}"
    return re.sub(r"[X-]$|\.-$", "", plain) if system == "ICD-10" else plain


def widened(system: System, code: str, shortest: int) -> Iterator[str]:
    """A code in the form used here and, where it shows its place, those of the groups it is in, the narrowest first.

    Args:
        shortest: characters of the widest group that is meant.
    """
    plain = normal_form(system, code)
    for length in range(len(plain), shortest - 1, -1):
        yield plain[:length]


def is_within(system: System, code: str, parent: str) -> bool:
    """Whether a code is the parent or, where the code itself shows its place (ICD-10, ATC), lies below it."""
    return code == parent or (system in ("ICD-10", "ATC") and code.startswith(parent))
