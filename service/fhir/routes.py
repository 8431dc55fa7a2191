"""Gives an answer as FHIR."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Response

from data_contracts.manifest import MANIFEST, PolicyManifest
from service import routes_recommendations
from service.acting import Acting
from service.audit.reading import reading
from service.collaborators import Given
from service.fhir.guidance import guidance_bundle
from service.history_keeper import find
from service.problem_document import documented
from service.withheld import check_shown

FHIR_JSON = "application/fhir+json"
ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["fhir"])
BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bundle", "content": {FHIR_JSON: {"schema": {"type": "object"}}}}
}


@ROUTER.get(
    "/{recommendation_id}/fhir",
    response_class=Response,
    responses={**BUNDLE, **documented(404, 409, 410, 422, 500, 503)},
    summary="One recommendation as a FHIR R4 bundle: GuidanceResponse, RequestGroup, drafts, Provenance",
)
def get_fhir(recommendation_id: str, given: Given, actor: Acting) -> Response:
    """The answer as FHIR, by the policy that gave it, with who reviewed and released it."""
    kept = find(given.store, recommendation_id)
    check_shown(kept.withheld)
    given.store.note(reading(kept.row, actor, given.clock(), "fhir"))
    documents = given.store.policy(kept.record.policy_manifest_sha256)
    bundle = guidance_bundle(kept, PolicyManifest.model_validate_json(documents[MANIFEST]))
    return Response(json.dumps(bundle), 200, routes_recommendations.PRIVATE, media_type=FHIR_JSON)
