"""Turns JSON into resources of the types that are read; what is no such resource is a problem, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from data_contracts.errors import Problem
from service.fhir.datatype import MODIFIED, Reference
from service.fhir.note import Note
from service.fhir.resource import READ, Resource
from service.fhir.sent import Sent

_TYPE = re.compile(r"[A-Z][A-Za-z]{2,63}")
_ID = re.compile(r"(?:^|/)Patient/(?P<id>[A-Za-z0-9_\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")
STEP = "Correct it in the record system; R4 (4.0.1) tells the form."


@dataclass
class Parsed:
    """What could be read and what could not.

    Attributes:
        sent: resources of the types that are read, about the patient.
        problems: resources that are refused, with what is wrong.
        notes: what was left out.
    """

    sent: Sent = field(default_factory=Sent)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def parse(raw: Iterable[tuple[str, dict[str, Any]]], patient_id: str) -> Parsed:
    """Read resources of one patient.

    Args:
        raw: JSON objects with a `resourceType`, each with its place.
        patient_id: whom they have to be about.
    """
    found = Parsed()
    seen: set[tuple[str, str]] = set()
    for where, content in raw:
        kind = content["resourceType"]
        if kind not in READ:
            _unread(kind, where, found)
            continue
        try:
            resource = READ[kind].model_validate(content)
        except ValidationError as error:
            found.problems += _problems(READ[kind], error, f"{where} ({kind})")
            continue
        if problem := _stranger(resource, patient_id, where):
            found.problems.append(problem)
        elif resource.id is None or (kind, resource.id) not in seen:  # two searches may find the same resource
            seen.add((kind, resource.id or ""))
            found.sent.add(where, resource)
    return found


def patient_of(reference: Reference) -> str | None:
    """The identifier that a reference to a patient ends with."""
    match = _ID.search(reference.reference or "")
    return match["id"] if match else None


def _unread(kind: str, where: str, found: Parsed) -> None:
    if _TYPE.fullmatch(kind):
        found.notes.append(Note("left_out", "resources of types that are not read", where))
    else:
        found.problems.append(Problem(where, "a type of FHIR R4", "another resourceType", STEP))


def _stranger(resource: Resource, patient_id: str, where: str) -> Problem | None:
    """What is wrong if a resource is not about the patient; one that cannot say whom it is about may be."""
    if type(resource).__name__ == "Patient":
        named = resource.id
    else:
        about = resource.about()
        named = patient_of(about) or "" if about is not None else patient_id
    if named == patient_id:
        return None
    kind = type(resource).__name__
    return Problem(f"{where} ({kind})", "the patient of the request", "another, or none", "Send this patient's alone.")


def _problems(model: type[Resource], error: ValidationError, where: str) -> Iterator[Problem]:
    for item in _told_once(error.errors(include_input=False, include_url=False)):
        place = ".".join(_known(model, item["loc"]))
        yield Problem(f"{where}.{place}" if place else where, _expected(item), _found(item), STEP)


def _told_once(items: Sequence[Any]) -> Iterator[Any]:
    """The errors; of a part that is modified that alone, at the part's own place: nobody knows what the rest means."""
    modified = {item["loc"][:-1]: item for item in items if item["type"] == MODIFIED}
    told: set[tuple[int | str, ...]] = set()
    for item in items:
        place = next((part for part in _parts(item["loc"]) if part in modified), None)
        if place is None:
            yield item
        elif place not in told:
            told.add(place)
            yield {**modified[place], "loc": place}


def _parts(location: tuple[int | str, ...]) -> Iterator[tuple[int | str, ...]]:
    """The parts that hold a place, the outermost first."""
    return (location[:length] for length in range(len(location)))


def _expected(item: Any) -> str:
    context = item.get("ctx") or {}
    if item["type"] == "literal_error":
        return f"one of {context['expected']}"
    if item["type"] == "missing":
        return "a value"
    _, _, wanted = str(item["msg"]).partition(" should ")
    return wanted.removeprefix("be ") or str(item["msg"])


def _found(item: Any) -> str:
    return "none" if item["type"] == "missing" else "something else"


def _known(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterator[str]:
    """The leading parts of a place that are names of the model: anything else came from the sender."""
    inner: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int):
            continue
        if inner is None or part not in inner.model_fields:
            return
        yield part
        inner = _model_in(inner.model_fields[part].annotation)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one)) is not None), None)
