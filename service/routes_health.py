"""Says whether the process lives, and whether it can answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from data_contracts.errors import NotReady
from service.collaborators import Given
from service.problem_document import documented

ROUTER = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process lives."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The service can answer, by this policy."""

    status: Literal["ready"] = "ready"
    policy: str
    study_id: str
    policy_manifest_sha256: str


@ROUTER.get("/healthz", responses=documented(500), summary="Whether the process lives")
def healthz() -> Alive:
    """Alive as long as it answers."""
    return Alive()


@ROUTER.get("/readyz", responses=documented(500, 503), summary="Whether the service can answer")
def readyz(given: Given) -> Ready:
    """Ready if a verified policy is loaded and the database is reachable and migrated."""
    served = given.served()
    if problem := given.store.problem():
        raise NotReady(problem)
    manifest = served.policy.manifest
    digest = served.source.manifest_sha256
    return Ready(policy=manifest.name, study_id=manifest.study_id, policy_manifest_sha256=digest)
