"""What a record system sent of one patient, as far as it was read: by type, each in the order in which it came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from service.fhir.resource import Resource

Kind = TypeVar("Kind", bound=Resource)


class Sent:
    """Resources of one patient, each with its place in what was sent."""

    def __init__(self) -> None:
        self._held: dict[type[Resource], list[tuple[str, Any]]] = {}

    def add(self, where: str, resource: Resource) -> None:
        """Put a resource with the others of its type."""
        self._held.setdefault(type(resource), []).append((where, resource))

    def of(self, kind: type[Kind]) -> Sequence[tuple[str, Kind]]:
        """The resources of one type, each with its place."""
        return self._held.get(kind, ())
