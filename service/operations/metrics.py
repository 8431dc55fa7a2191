"""Figures for monitoring, in Prometheus' form. No label holds anything of a patient or a caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from data_contracts.recommendation import Recommendation

if TYPE_CHECKING:
    from service.collaborators import Collaborators

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
STATES = {"ok": 0.0, "warning": 1.0, "failed": 2.0}


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("equipoise_requests", "Requests that were answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "equipoise_request_seconds",
            "From a request's beginning to its answer's end.",
            labels[:2],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.under_way = Gauge("equipoise_requests_under_way", "Not yet answered.", registry=self.registry)
        self._answers = Counter(
            "equipoise_answers", "Answers for a patient, by what came of them.", ("kind",), registry=self.registry
        )
        ProcessCollector(namespace="equipoise", registry=self.registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; method and route are names of ours (`service.operations.request_log`)."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def count_answer(self, recommendation: Recommendation) -> None:
        """Count an answer by its kind."""
        self._answers.labels(kind_of(recommendation)).inc()

    def text(self, given: Collaborators) -> bytes:
        """All figures, and those of the parts, as Prometheus reads them."""
        parts = CollectorRegistry()
        parts.register(PartsCollector(given))
        return generate_latest(self.registry) + generate_latest(parts)


class PartsCollector(Collector):
    """The parts of /readyz as figures, looked at when they are asked for."""

    def __init__(self, given: Collaborators) -> None:
        self._given = given

    def collect(self) -> Iterable[Metric]:
        """State of each part, the policy that is served, and days until a safety rule is to be reviewed."""
        from service.operations.readiness import parts_of

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


def kind_of(recommendation: Recommendation) -> str:
    """Refused, waiting (for an acknowledgement or for consent), ranked, or not ranked."""
    if recommendation.safety.level == "refused":
        return "refused"
    if recommendation.safety.awaiting_acknowledgement or recommendation.safety.reason is not None:
        return "waiting"
    return "ranked" if recommendation.recommended is not None else "not_ranked"


def _of_policy(given: Collaborators) -> Iterator[Metric]:
    served, today = given.served(), given.clock().date()
    policy = GaugeMetricFamily("equipoise_policy", "The policy that is served.", labels=["name", "manifest_sha256"])
    policy.add_metric([served.policy.manifest.name, served.source.manifest_sha256], 1.0)
    yield policy
    days = GaugeMetricFamily("equipoise_rules_review_days", "Days until the first safety rule is to be reviewed.")
    first: date = min(rule.review_by for rule in served.rules.rules)
    days.add_metric([], float((first - today).days))
    yield days
