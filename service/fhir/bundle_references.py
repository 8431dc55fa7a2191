"""Resolves references by `urn:uuid:` and `urn:oid:`, which name an entry of the bundle that they stand in.

Nothing else is looked at: what a reference by type and id means is the record system's own name of a resource.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OWN = ("urn:uuid:", "urn:oid:")
Named = Mapping[str, dict[str, Any]]
"""Resources of a bundle by the names that hold within it."""


def named_in(entries: Sequence[Any]) -> Named:
    """The resources that entries call by such a name; of a name that two of them have nobody knows what it means."""
    pairs = list(_pairs(entries))
    counts = Counter(name for name, _ in pairs)
    return {name: resource for name, resource in pairs if counts[name] == 1}


def resolved(resource: dict[str, Any], named: Named) -> dict[str, Any]:
    """The resource, whom and what medicine it is about said so that it can be read without its bundle.

    The patient is named by type and id, a medicine is put among what the resource contains.
    """
    told = {field: _patient(resource.get(field), named) for field in ("subject", "patient")}
    changed = {**resource, **{field: one for field, one in told.items() if one is not None}}
    reference: Any = resource.get("medicationReference")
    contained = resource.get("contained") or []
    medicine = _meant(reference, named)
    if medicine is not None and medicine.get("resourceType") == "Medication" and isinstance(contained, list):
        name = reference["reference"]
        changed["medicationReference"] = {**reference, "reference": f"#{name}"}
        changed["contained"] = [*contained, {**medicine, "id": name}]
    return changed


def _pairs(entries: Sequence[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in entries:
        name, resource = (entry.get("fullUrl"), entry.get("resource")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and name.startswith(OWN) and isinstance(resource, dict):
            yield name, resource


def _patient(reference: Any, named: Named) -> dict[str, Any] | None:
    """A reference to a patient by type and id; None where it means none of the bundle's."""
    found = _meant(reference, named)
    if found is None or found.get("resourceType") != "Patient" or not isinstance(found.get("id"), str):
        return None
    return {**reference, "reference": f"Patient/{found['id']}"}


def _meant(reference: Any, named: Named) -> dict[str, Any] | None:
    name = reference.get("reference") if isinstance(reference, dict) else None
    return named.get(name) if isinstance(name, str) else None
