"""The parts of /readyz, the policy and the rules' review as figures, looked at when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.collaborators import Collaborators
from service.operations.readiness import parts_of

STATES = {"ok": 0.0, "warning": 1.0, "failed": 2.0}


def figures(given: Collaborators) -> bytes:
    """What the process has counted, and its parts, as Prometheus reads them."""
    parts = CollectorRegistry()
    parts.register(PartsCollector(given))
    return generate_latest(given.operations.metrics.registry) + generate_latest(parts)


class PartsCollector(Collector):
    """The parts of /readyz as figures, looked at when they are asked for."""

    def __init__(self, given: Collaborators) -> None:
        self._given = given

    def collect(self) -> Iterable[Metric]:
        """State of each part, the policy that is served, and days until a safety rule is to be reviewed."""
        given = self._given
        state = GaugeMetricFamily(
            "equipoise_part_state", "Part of /readyz: 0 ok, 1 warning, 2 failed.", labels=["part"]
        )
        parts = parts_of(given)
        for part in parts:
            state.add_metric([part.name], STATES[part.state])
        yield state
        if not any(part.name == "policy" and part.state == "failed" for part in parts):
            yield from _of_policy(given)


def _of_policy(given: Collaborators) -> Iterator[Metric]:
    served, today = given.served(), given.clock().date()
    policy = GaugeMetricFamily("equipoise_policy", "The policy that is served.", labels=["name", "manifest_sha256"])
    policy.add_metric([served.policy.manifest.name, served.source.manifest_sha256], 1.0)
    yield policy
    days = GaugeMetricFamily("equipoise_rules_review_days", "Days until the first safety rule is to be reviewed.")
    first: date = min(rule.review_by for rule in served.rules.rules)
    days.add_metric([], float((first - today).days))
    yield days
