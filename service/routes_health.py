"""Says whether the process lives, and whether it can answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from data_contracts.errors import Problem
from service.collaborators import Given
from service.operations.figures import figures
from service.operations.readiness import ReadinessPart, parts_of
from service.problem_document import document_of_parts, documented

ROUTER = APIRouter(tags=["health"])
PRIVATE = {"Cache-Control": "no-store"}
FIGURES = CONTENT_TYPE_LATEST.partition(";")[0]


class Alive(BaseModel):
    """The process lives."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The service can answer, by this policy.

    Attributes:
        parts: what it needs, each by name; those with a warning it goes on without.
    """

    status: Literal["ready"] = "ready"
    policy: str
    study_id: str
    policy_manifest_sha256: str
    parts: tuple[ReadinessPart, ...]


@ROUTER.get("/healthz", responses=documented(500), summary="Whether the process lives")
def healthz() -> Alive:
    """Alive as long as it answers."""
    return Alive()


@ROUTER.get(
    "/readyz", response_model=Ready, responses=documented(500, 503), summary="Whether the service can answer, by parts"
)
def readyz(given: Given) -> Response:
    """Ready if no part failed; otherwise a problem that names each part that did."""
    parts = parts_of(given)
    failed = [
        Problem(part.name, "a part that is fit for use", part.told, "See docs/operations.md.")
        for part in parts
        if part.state == "failed"
    ]
    if failed:
        return document_of_parts(failed).response()
    source = given.served().source
    manifest, digest = source.manifest, source.manifest_sha256
    ready = Ready(policy=manifest.name, study_id=manifest.study_id, policy_manifest_sha256=digest, parts=parts)
    return Response(ready.model_dump_json(), headers=PRIVATE, media_type="application/json")


@ROUTER.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {FIGURES: {"schema": {"type": "string"}}}}, **documented(500)},
    summary="Figures for monitoring, in Prometheus' form; none of a patient",
)
def metrics(given: Given) -> Response:
    """What was counted since the process began, and the parts of /readyz."""
    return Response(figures(given), headers=PRIVATE, media_type=CONTENT_TYPE_LATEST)
