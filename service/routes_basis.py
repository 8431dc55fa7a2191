"""Tells what a recommendation rests on."""

from __future__ import annotations

from fastapi import APIRouter, Response

from service import routes_recommendations
from service.acting import Acting
from service.audit.reading import reading
from service.basis import Basis, basis_of
from service.collaborators import Given
from service.history_keeper import find
from service.problem_document import documented
from service.version import VERSION
from service.withheld import check_shown

ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["recommendations"])


@ROUTER.get(
    "/{recommendation_id}/basis",
    responses=documented(404, 409, 410, 422, 500, 503),
    summary="Intended use, inputs, logic, data, validation, limits and what is missing, behind one recommendation",
)
def get_basis(recommendation_id: str, given: Given, actor: Acting, response: Response) -> Basis:
    """The basis of a kept recommendation, by the policy that answered then, whichever is served now."""
    kept = find(given.store, recommendation_id)
    check_shown(kept.withheld)
    given.store.note(reading(kept.row, actor, given.clock(), "basis"))
    response.headers.update(routes_recommendations.PRIVATE)
    return basis_of(kept, given.store.policy(kept.record.policy_manifest_sha256), VERSION)
