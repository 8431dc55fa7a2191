"""Name and licence of a clinician, as the record system's Practitioner has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from service.fhir.fetching import FhirReads
from service.smart.ehr import Ehr


@dataclass(frozen=True)
class Clinician:
    """What is known of one.

    Attributes:
        name: as people read it.
        licence: of the system that the deployment names.
    """

    name: str | None = None
    licence: str | None = None


def practitioner_of(reads: FhirReads, ehr: Ehr, user: str, leave: SecretStr) -> Clinician:
    """The clinician of a reference; whatever cannot be read is not known.

    Args:
        reads: fetches.
        ehr: whose server is asked.
        user: Practitioner/ID, or PractitionerRole/ID, which names one.
        leave: to read them.
    """
    held = _read(reads, ehr, user, leave)
    if user.startswith("PractitionerRole/"):
        reference = _of(held.get("practitioner")).get("reference")
        held = _read(reads, ehr, str(reference).removeprefix(f"{ehr.iss}/"), leave)
    if held.get("resourceType") != "Practitioner":
        return Clinician()
    return Clinician(_name(_each(held.get("name"))), _licence(_each(held.get("identifier")), ehr.licence))


def _read(reads: FhirReads, ehr: Ehr, reference: str, leave: SecretStr) -> Mapping[str, Any]:
    if not reference.startswith(("Practitioner/", "PractitionerRole/")):
        return {}
    return _of(reads.fetch(ehr.iss, leave, {"user": reference}).get("user"))


def _name(names: Iterable[Mapping[str, Any]]) -> str | None:
    """The first that is in use, as text or made of its parts."""
    for one in names:
        if one.get("use") in ("old", "maiden", "nickname"):
            continue
        given = one.get("given")
        parts = [*(given if isinstance(given, list) else []), one.get("family")]
        text = one.get("text") or " ".join(part for part in parts if isinstance(part, str))
        if isinstance(text, str) and text.strip() and len(text) <= 200 and text.isprintable():
            return text.strip()
    return None


def _licence(identifiers: Iterable[Mapping[str, Any]], system: str | None) -> str | None:
    for one in identifiers:
        value = one.get("value")
        if system is not None and one.get("system") == system and isinstance(value, str):
            return value if 0 < len(value) <= 200 and value.isprintable() else None
    return None


def _of(held: Any) -> Mapping[str, Any]:
    return held if isinstance(held, dict) else {}


def _each(held: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
