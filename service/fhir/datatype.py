"""The FHIR R4 data types that are read, each with what is read of it.

Types are strict and what is not read is let pass, but for what FHIR forbids to let pass: modifier extensions, and
rules that are implied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from service.fhir.moment import Days, Moment, days_of

Coded = tuple[str, str]
"""The address of a terminology, which may be empty, and a code in it."""

LONGEST_TEXT = 1_000_000
MODIFIED = "modifier"
"""Type of the error that a part has something which changes what it means: its place is that of the something."""


def _nothing(content: Any) -> None:
    if content:
        raise PydanticCustomError(MODIFIED, "nothing that changes what the resource means")


Nothing = Annotated[None, BeforeValidator(_nothing)]


class Element(BaseModel):
    """Base of every part of a resource."""

    # A bound on texts also makes sure that they are text: halves of surrogate pairs are none, and could not be kept.
    model_config = ConfigDict(
        extra="ignore", frozen=True, strict=True, allow_inf_nan=False, str_max_length=LONGEST_TEXT
    )

    modifierExtension: Nothing = None
    implicitRules: Nothing = None


Whole = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""A whole number, as far as FHIR has them: one of four hundred digits could not be reckoned with."""


class Coding(Element):
    """A code of a terminology."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element):
    """A meaning, by codes, by text, or by both."""

    coding: list[Coding] = Field(default_factory=list)
    text: str | None = None

    def coded(self) -> Iterator[Coded]:
        """Its codes."""
        for one in self.coding:
            if one.code:
                yield one.system or "", one.code

    def codes_in(self, systems: Collection[str]) -> tuple[str, ...]:
        """Its codes in these terminologies."""
        return tuple(code for system, code in self.coded() if system in systems)

    def words(self) -> str | None:
        """What a person reads, if anything."""
        return self.text or next((one.display for one in self.coding if one.display), None)


class Reference(Element):
    """A reference to another resource."""

    reference: str | None = None
    display: str | None = None


class Period(Element):
    """From when until when; either may be open."""

    start: Moment | None = None
    end: Moment | None = None

    def starts(self) -> Days | None:
        """Its first day."""
        return days_of(self.start) if self.start else None

    def ends(self) -> Days | None:
        """Its last day."""
        return days_of(self.end) if self.end else None


class Quantity(Element):
    """A number with its unit. With a comparator it is no number but a bound."""

    value: float | None = None
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


def status_of(concept: CodeableConcept | None, system: str) -> str | None:
    """The code of a status that is a concept; None if there is none."""
    codes = concept.codes_in({system, ""}) if concept else ()
    return codes[0] if codes else None


def status_in(concept: CodeableConcept | None, system: str, known: Collection[str]) -> CodeableConcept | None:
    """Pass a status that is a concept, if its code in that terminology is a known one.

    Raises:
        PydanticCustomError: it is another.
    """
    if concept is not None and not set(concept.codes_in({system, ""})) <= set(known):
        told = ", ".join(sorted(known))
        raise PydanticCustomError("value_set", "one of {known}", {"known": told})
    return concept
