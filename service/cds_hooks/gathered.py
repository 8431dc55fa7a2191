"""What the prefetch of a call holds, and which of the required keys it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.cds_hooks.catalogue import REQUIRED, prefetch_templates
from service.fhir.container import Unpacked, unpack
from service.fhir.note import Note


@dataclass(frozen=True)
class Gathered:
    """Prefetched data.

    Attributes:
        containers: what was sent under the keys that were asked for.
        missing: required keys that were not sent, or with an error in place of data.
    """

    containers: tuple[Unpacked, ...]
    missing: tuple[str, ...]


def gather(prefetch: Mapping[str, Any]) -> Gathered:
    """Unpack the prefetch: null is no data, an absent key was not satisfied, an OperationOutcome is an error."""
    held = {key: unpack(prefetch[key], f"prefetch.{key}") for key in prefetch_templates() if key in prefetch}
    lacking = [key for key in prefetch_templates() if key not in held or (held[key].failed and not held[key].raw)]
    absent = Unpacked(notes=[Note("left_out", f"{key} that were not sent", f"prefetch.{key}") for key in lacking])
    return Gathered((*held.values(), absent), tuple(key for key in REQUIRED if key in lacking))
