"""Makes recommendations and gives them back."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Response

from data_contracts.profile import PatientProfile
from engine.recommend import recommend
from service.collaborators import Given
from service.needs import check_profile, needs_of
from service.problem_document import documented
from service.record import RecommendationRecord, consents, contacts_for, only_consent
from service.request_body import body_of, documented_body
from service.served_policy import ServedPolicy
from service.store import StoredRecommendation

ROUTER = APIRouter(prefix="/v1/recommendations", tags=["recommendations"])
Profile = Annotated[PatientProfile, Depends(body_of(PatientProfile))]
PRIVATE = {"Cache-Control": "no-store"}


@ROUTER.post(
    "",
    status_code=201,
    response_model=RecommendationRecord,
    responses=documented(400, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(PatientProfile),
    summary="Rank therapies for one patient, or say why that cannot be done",
)
def make_recommendation(
    profile: Annotated[PatientProfile, Depends(body_of(PatientProfile))], given: Given
) -> Response:
    """Answer for one patient; the answer is kept before it is given.

    Of a patient who does not consent nothing is kept but the refusal: what the answer says beyond it is given once.
    """
    served, now = given.served(), given.clock()
    check_profile(profile, needs_of(served.policy.manifest, served.rules))
    recommendation = recommend(profile, served.policy, served.rules, now.date(), given.offers)
    record = RecommendationRecord(
        id=uuid4(),
        created_at=now,
        state="draft",
        policy_manifest_sha256=served.source.manifest_sha256,
        contacts=contacts_for(recommendation, given.contacts),
        recommendation=recommendation,
    )
    content = record.model_dump_json().encode()
    given.store.add(
        _stored(record, profile, content) if consents(recommendation) else _refusal(record, profile, served)
    )
    headers = {**PRIVATE, "Location": f"{ROUTER.prefix}/{record.id}"}
    return Response(content, 201, headers, media_type="application/json")


@ROUTER.get(
    "/{recommendation_id}",
    response_model=RecommendationRecord,
    responses=documented(404, 422, 500, 503),
    summary="One recommendation, byte for byte as it was first given",
)
def get_recommendation(recommendation_id: str, given: Given) -> Response:
    """Give back a kept recommendation."""
    return Response(given.store.get(recommendation_id).response, 200, PRIVATE, media_type="application/json")


def _refusal(record: RecommendationRecord, profile: PatientProfile, served: ServedPolicy) -> StoredRecommendation:
    """What is kept of a patient who does not consent: the answer to the no alone."""
    rest = only_consent(profile, served.rules)
    bare = recommend(rest, served.policy, served.rules, record.created_at.date())
    record = record.model_copy(update={"recommendation": bare})
    return _stored(record, rest, record.model_dump_json().encode())


def _stored(record: RecommendationRecord, profile: PatientProfile, content: bytes) -> StoredRecommendation:
    return StoredRecommendation(
        id=record.id,
        created_at=record.created_at,
        patient_id=profile.patient_id,
        policy_manifest_sha256=record.policy_manifest_sha256,
        request=profile.model_dump_json(),
        response=content,
    )
