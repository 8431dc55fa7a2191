"""Reads parts of one FHIR resource, whatever shape it really has: what is not there or of another kind is empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

Resource: TypeAlias = dict[str, Any]
"""A JSON object with ``resourceType``."""
Coded = tuple[str, str]
"""The address of a terminology and a code in it."""

_PATIENT = re.compile(r"(?:^|/)Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")
_PARTIAL = re.compile(r"\d{4}(-\d{2})?")
WHOLE_DAY = len("2020-01-31")


def every(resource: Any, path: str) -> Iterator[Any]:
    """All values at a path of names; lists on the way are gone through."""
    return _at(resource, _names(path))


def _at(one: Any, names: tuple[str, ...]) -> Iterator[Any]:
    for place, name in enumerate(names):
        if isinstance(one, list):
            for part in one:
                yield from _at(part, names[place:])
            return
        if not isinstance(one, dict) or name not in one:
            return
        one = one[name]
    if isinstance(one, list):
        yield from one
    else:
        yield one


@cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def first_text(resource: Any, paths: Sequence[str]) -> str | None:
    """The first text that is there and not empty."""
    for path in paths:
        for found in every(resource, path):
            if isinstance(found, str) and found:
                return found
    return None


def day(resource: Any, paths: Sequence[str]) -> str | None:
    """The day of a date or an instant, as it was written where it happened; what is less than a day stays as it is."""
    text = first_text(resource, paths)
    return text[:WHOLE_DAY] if text else None


def first_of(text: str | None) -> str | None:
    """A date of birth as a day: where month or day are not told, the first."""
    return text + "-01-01"[len(text) - WHOLE_DAY :] if text and _PARTIAL.fullmatch(text) else text


def patient_of(reference: str | None) -> str | None:
    """The identifier that a reference to a patient ends with."""
    match = _PATIENT.search(reference) if reference else None
    return match[1] if match else None


def codings(resource: Any, paths: Sequence[str]) -> Iterator[Coded]:
    """Every code with the address of its terminology, which may be empty."""
    for path in paths:
        for coding in every(resource, path):
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                system = coding.get("system")
                yield (system if isinstance(system, str) else "", coding["code"])


def value(observation: Resource) -> tuple[str | None, str | None, str | None]:
    """Number (as text), text and unit of an observation's value; yes and no are 1 and 0."""
    quantity = observation.get("valueQuantity")
    if isinstance(quantity, dict):
        return as_number(quantity.get("value")), None, first_text(quantity, ("code", "unit"))
    for name in ("valueInteger", "valueBoolean", "valueDecimal"):
        if name in observation:
            return as_number(observation[name]), None, None
    concept = ("valueString", "valueCodeableConcept.text", "valueCodeableConcept.coding.display")
    return None, first_text(observation, (*concept, "valueCodeableConcept.coding.code")), None


def as_number(number: Any) -> str | None:
    """A JSON value as text that the checks read as a number, or find to be none."""
    if isinstance(number, bool):
        return str(int(number))
    return None if number is None else str(number)
