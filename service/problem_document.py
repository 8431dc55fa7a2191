"""Problem documents (RFC 9457): the one form of every error answer. None of them repeats what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from data_contracts.errors import BadInput, EquipoiseError, NotReady, Problem
from service.operations.request_log import request_id

MEDIA_TYPE = "application/problem+json"


class ProblemItem(BaseModel):
    """One thing that is wrong, in the words of `data_contracts.errors.Problem`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: str
    expected: str
    found: str
    next_step: str


class ProblemDocument(BaseModel):
    """An error answer.

    Attributes:
        type: which kind of error, as a URI.
        title: the kind in words.
        status: the HTTP status.
        detail: what happened and what to do.
        instance: this one occurrence as a URI, by the request's id, under which the service's log has it too.
        problems: every problem found, if the input was at fault; every part that failed, if the service is not ready.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    instance: str
    problems: tuple[ProblemItem, ...] = ()

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The HTTP answer; it is never cached."""
        kept = {"Cache-Control": "no-store", **(headers or {})}
        return Response(self.model_dump_json(), self.status, kept, media_type=MEDIA_TYPE)


def document_of(error: EquipoiseError) -> ProblemDocument:
    """The problem document of one of our errors; their messages hold no patient's value."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
    problems = error.problems if isinstance(error, BadInput) else ()
    detail = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}, listed below." if problems else str(error)
    return _document(f"urn:equipoise:problem:{kind}", error.title, error.http_status, detail, problems)


def document_of_parts(failed: Sequence[Problem]) -> ProblemDocument:
    """The problem document of a service that is not ready: each part that failed."""
    detail = f"Not ready: {', '.join(part.where for part in failed)}; see below."
    return _document("urn:equipoise:problem:not-ready", NotReady.title, NotReady.http_status, detail, failed)


def document_for_status(status: int, detail: str) -> ProblemDocument:
    """The problem document of an error that HTTP itself has a name for."""
    return _document("about:blank", HTTPStatus(status).phrase, status, detail, ())


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these error statuses, for OpenAPI."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _document(kind: str, title: str, status: int, detail: str, problems: Iterable[Problem]) -> ProblemDocument:
    items = tuple(
        ProblemItem(where=item.where, expected=item.expected, found=item.found, next_step=item.next_step)
        for item in problems
    )
    return ProblemDocument(
        type=kind, title=title, status=status, detail=detail, instance=f"urn:uuid:{request_id()}", problems=items
    )
