"""What the process knows of its own running, beside what it answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from limits import RateLimitItem

from service.operations.metrics import Metrics
from service.operations.registry_note import RegistryNote
from service.operations.tracing import Traces


def _no_note() -> RegistryNote | None:
    return None


def _nothing() -> str:
    return ""


@dataclass(frozen=True)
class Operations:
    """The state of a process.

    Attributes:
        draining: set once the process was told to stop: what has begun is finished, and /readyz says no.
        refused: why the newest champion was not taken into use; empty if it was.
        registry: what `equipoise pull --watch` last noted of the registry; None if nothing watches it.
        metrics: what it has counted.
        traces: makes spans, if they are asked for.
        limit: how many calls a caller may make; None for any number.
    """

    draining: Event = field(default_factory=Event)
    refused: Callable[[], str] = _nothing
    registry: Callable[[], RegistryNote | None] = _no_note
    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces = field(default_factory=Traces)
    limit: RateLimitItem | None = None
