"""A problem document of the service as an exception."""

from __future__ import annotations

from typing import Any

import httpx

from data_contracts.errors import EquipoiseError, Problem


class ServiceProblem(EquipoiseError):
    """The service answered with a problem (RFC 9457).

    Attributes:
        status: HTTP status.
        type: which kind, as a URI, such as `urn:equipoise:problem:bad-input`.
        detail: what happened and what to do.
        instance: name of this one occurrence, which the service's log has too.
        problems: everything that was wrong with the input, each with where, expected, found and next step.
    """

    title = "The service did not do it"

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.type = str(document.get("type", "about:blank"))
        self.detail = str(document.get("detail", "The answer is no problem document."))
        self.instance = str(document.get("instance", ""))
        self.problems = tuple(Problem(**item) for item in document.get("problems", ()))
        super().__init__(" ".join([f"{status}: {self.detail}", *map(str, self.problems)]))


def problem_of(answer: httpx.Response) -> ServiceProblem:
    """The problem that an answer tells; one without its document, as of a proxy, is told by its status alone."""
    try:
        return ServiceProblem(answer.status_code, answer.json())
    except (ValueError, TypeError, AttributeError):
        return ServiceProblem(answer.status_code, {})
