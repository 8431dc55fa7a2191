"""Figures for monitoring, in Prometheus' form. No label holds anything of a patient or a caller."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from data_contracts.recommendation import Recommendation

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


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


def kind_of(recommendation: Recommendation) -> str:
    """Refused, waiting (for an acknowledgement or for consent), ranked, or not ranked."""
    if recommendation.safety.level == "refused":
        return "refused"
    if recommendation.safety.awaiting_acknowledgement or recommendation.safety.reason is not None:
        return "waiting"
    return "ranked" if recommendation.recommended is not None else "not_ranked"
