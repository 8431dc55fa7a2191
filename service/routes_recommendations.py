"""Makes recommendations and gives them back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from data_contracts.profile import PatientProfile
from service.acting import Acting
from service.audit.reading import reading
from service.collaborators import Given
from service.history_keeper import find
from service.problem_document import documented
from service.record import RecommendationRecord
from service.repeating import Key, answer_once
from service.request_body import body_of, documented_body
from service.straight_route import ProfileRoute
from service.withheld import WithheldRecord, shown

ROUTER = APIRouter(prefix="/v1/recommendations", tags=["recommendations"])
MAKING = APIRouter(prefix=ROUTER.prefix, tags=["recommendations"], route_class=ProfileRoute)
Profile = Annotated[PatientProfile, Depends(body_of(PatientProfile))]
PRIVATE = {"Cache-Control": "no-store"}
JSON = "application/json"


@MAKING.post(
    "",
    status_code=201,
    response_model=RecommendationRecord | WithheldRecord,
    responses=documented(400, 403, 409, 410, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(PatientProfile),
    summary="Rank therapies for one patient, or say why that cannot be done",
)
def make_recommendation(
    profile: Profile,
    given: Given,
    actor: Acting,
    idempotency_key: Key = None,
) -> Response:
    """Answer for one patient; the answer is kept before it is given.

    The same call with the same Idempotency-Key gets the answer that is kept, with `Idempotent-Replayed: true`.

    Who has withdrawn from decision support by the ledger of consents is refused, before anything is computed.

    Of a patient who does not consent nothing is kept but the refusal: what the answer says beyond it is given once.
    While the model is out of service, what the safety rules say is given all the same, and no ranking.
    """
    made, content, before = answer_once(profile, idempotency_key, given, actor)
    headers = {**PRIVATE, "Location": f"{ROUTER.prefix}/{made}"}
    if before:
        headers["Idempotent-Replayed"] = "true"
    return Response(content, 201, headers, media_type="application/json")


@ROUTER.get(
    "/{recommendation_id}",
    response_model=RecommendationRecord | WithheldRecord,
    responses=documented(404, 410, 422, 500, 503),
    summary="One recommendation, byte for byte as it was first given",
)
def get_recommendation(recommendation_id: str, given: Given, actor: Acting) -> Response:
    """Give back a kept recommendation."""
    kept = find(given.store, recommendation_id)
    given.store.note(reading(kept.row, actor, given.clock(), "recommendation"))
    content = shown(kept.record, kept.row.response, kept.withheld)
    return Response(content, 200, PRIVATE, media_type=JSON)
