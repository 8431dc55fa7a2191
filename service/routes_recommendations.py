"""Makes recommendations and gives them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Response

from data_contracts.errors import Refused
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from engine.recommend import recommend
from service.acting import Acting
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.audit.reading import reading
from service.collaborators import Collaborators, Given
from service.consent import Standing, check_consent, with_ledger
from service.needs import check_profile, needs_of
from service.problem_document import documented
from service.record import RecommendationRecord, consents, contacts_for, only_consent
from service.request_body import body_of, documented_body
from service.served_policy import ServedPolicy
from service.storage.answers import StoredRecommendation
from service.storage.person import PatientName

ROUTER = APIRouter(prefix="/v1/recommendations", tags=["recommendations"])
Profile = Annotated[PatientProfile, Depends(body_of(PatientProfile))]
PRIVATE = {"Cache-Control": "no-store"}


@ROUTER.post(
    "",
    status_code=201,
    response_model=RecommendationRecord,
    responses=documented(400, 403, 409, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(PatientProfile),
    summary="Rank therapies for one patient, or say why that cannot be done",
)
def make_recommendation(
    profile: Annotated[PatientProfile, Depends(body_of(PatientProfile))], given: Given, actor: Acting
) -> Response:
    """Answer for one patient; the answer is kept before it is given.

    Who has withdrawn from decision support by the ledger of consents is refused, before anything is computed.

    Of a patient who does not consent nothing is kept but the refusal: what the answer says beyond it is given once.
    """
    served, now = given.served(), given.clock()
    check_profile(profile, needs_of(served.policy.manifest, served.rules))
    standing = _consented(profile, given, actor, now)
    profile = with_ledger(profile, standing, served.rules.consent)
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
    kept = _stored(record, profile, content) if consents(recommendation) else _refusal(record, profile, served)
    whose = actor.principal.organisation
    kept = replace(kept, organisation=whose, surroundings=given.surroundings(served.rules))
    given.store.add(kept, _entry(recommendation, actor, now), standing)
    headers = {**PRIVATE, "Location": f"{ROUTER.prefix}/{record.id}"}
    return Response(content, 201, headers, media_type="application/json")


@ROUTER.get(
    "/{recommendation_id}",
    response_model=RecommendationRecord,
    responses=documented(404, 410, 422, 500, 503),
    summary="One recommendation, byte for byte as it was first given",
)
def get_recommendation(recommendation_id: str, given: Given, actor: Acting) -> Response:
    """Give back a kept recommendation."""
    found = given.store.get(recommendation_id)
    given.store.note(reading(found, actor, given.clock(), "recommendation"))
    return Response(found.response, 200, PRIVATE, media_type="application/json")


def _consented(profile: PatientProfile, given: Collaborators, actor: Actor, now: datetime) -> Standing:
    """What the ledger says of the patient; a refusal is written down before it is told."""
    standing = given.store.standing(PatientName(actor.principal.organisation, profile.patient_id))
    try:
        check_consent(standing, given.contacts)
    except Refused:
        given.store.note(Entry("refusal", actor, now, "refused", standing.person, detail={"code": "CONSENT"}))
        raise
    return standing


def _entry(recommendation: Recommendation, actor: Actor, now: datetime) -> Entry:
    """What is remembered of an answer beside the answer: codes alone."""
    safety = recommendation.safety
    detail = {"safety": safety.level, "reason": str(safety.reason or "none"), "policy": recommendation.policy}
    if safety.level == "refused":
        return Entry("refusal", actor, now, "refused", detail=detail)
    return Entry("recommendation", actor, now, detail=detail)


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
