"""Takes resources out of what they come in: a bundle, a page of a search, or a resource alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from data_contracts.errors import Problem
from service.fhir.bundle_references import named_in, resolved
from service.fhir.note import Note

BUNDLES = frozenset({"searchset", "collection", "document", "batch-response", "transaction-response", "history"})
FATAL = frozenset({"fatal", "error"})


@dataclass
class Unpacked:
    """What a container held.

    Attributes:
        raw: resources as they came, each with its place.
        problems: what is no resource.
        notes: what is known to be lacking.
        failed: whether it says that the search failed: an outcome in place of data.
    """

    raw: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    failed: bool = False


def unpack(held: Any, where: str) -> Unpacked:
    """What a bundle, a resource or null holds; null is the statement that there is no data.

    Args:
        held: JSON as it was read.
        where: its place, for messages.
    """
    found = Unpacked()
    if held is None:
        return found
    if not isinstance(held, dict) or not isinstance(held.get("resourceType"), str):
        found.problems.append(_no_resource(where))
    elif held["resourceType"] == "Bundle":
        _unpack_bundle(held, where, found)
    else:
        _put(held, where, found)
    return found


def _unpack_bundle(bundle: dict[str, Any], where: str, found: Unpacked) -> None:
    entries = bundle.get("entry") or []
    if str(bundle.get("type")) not in BUNDLES:
        told = ", ".join(sorted(BUNDLES))
        step = "Send the result of a search, or a collection."
        found.problems.append(Problem(f"{where}.type", f"one of {told}", "another", step))
    if not isinstance(entries, list):
        found.problems.append(Problem(f"{where}.entry", "a list", "something else", "Correct the bundle."))
        return
    if _goes_on(bundle):
        found.notes.append(Note("cut_off", "searches with more pages than were sent", where))
    named = named_in(entries)
    for number, entry in enumerate(entries, start=1):
        place = f"{where}, entry {number}"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            _put(resolved(resource, named) if named else resource, place, found)
        else:
            found.problems.append(_no_resource(place))


def _put(resource: dict[str, Any], where: str, found: Unpacked) -> None:
    if resource["resourceType"] == "OperationOutcome":
        found.failed = found.failed or any(severity in FATAL for severity in _severities(resource))
        found.notes.append(Note("left_out", "messages of the record system", where))
    else:
        found.raw.append((where, resource))


def _severities(outcome: dict[str, Any]) -> Iterator[str]:
    issues = outcome.get("issue")
    for issue in issues if isinstance(issues, list) else []:
        # An outcome that does not say how grave it is, is taken to be grave.
        severity = issue.get("severity") if isinstance(issue, dict) else None
        yield severity if isinstance(severity, str) else "error"
    if not issues:
        yield "error"


def _goes_on(bundle: dict[str, Any]) -> bool:
    links = bundle.get("link")
    listed = links if isinstance(links, list) else []
    return any(isinstance(link, dict) and link.get("relation") == "next" for link in listed)


def _no_resource(where: str) -> Problem:
    return Problem(where, "a FHIR resource or a bundle of them", "something else", "Send R4 as JSON.")
