"""Attaches reports of harm to a recommendation, and gives them back."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Response

from service import routes_recommendations
from service.acting import Acting
from service.audit.entry import Entry
from service.audit.reading import reading
from service.collaborators import Given
from service.console import warn
from service.harm import GRAVE, HarmNoted, HarmReport, Harms, KeptHarm, next_steps
from service.history_keeper import find
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.signing import signed_by

ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["harm"])
Reported = Annotated[HarmReport, Depends(body_of(HarmReport))]


@ROUTER.post(
    "/{recommendation_id}/harms",
    status_code=201,
    responses=documented(400, 404, 410, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(HarmReport),
    summary="Harm came to the patient: who reports it, how bad it was, what happened",
)
def report_harm(
    recommendation_id: str, report: Reported, given: Given, actor: Acting, response: Response
) -> HarmNoted:
    """Keep a report with a recommendation in any state, withheld ones too; any number of them."""
    kept, now = find(given.store, recommendation_id), given.clock()
    harm = KeptHarm(id=uuid4(), at=now, report=signed_by(report, actor))
    given.store.add_harm(kept.record.id, harm, Entry("harm", actor, now))
    if report.severity in GRAVE:
        warn(f"WARNING: a report of grave harm was kept ({harm.id}). Look at it: equipoise harms.")
    response.headers.update(routes_recommendations.PRIVATE)
    steps = next_steps(report, kept.answer.policy, given.safety_officer)
    return HarmNoted(id=harm.id, recommendation_id=kept.record.id, next=steps)


@ROUTER.get(
    "/{recommendation_id}/harms",
    responses=documented(404, 410, 422, 500, 503),
    summary="What harm was reported of a recommendation",
)
def get_harms(recommendation_id: str, given: Given, actor: Acting, response: Response) -> Harms:
    """All reports of one recommendation; that they were read is remembered."""
    kept = find(given.store, recommendation_id)
    given.store.note(reading(kept.row, actor, given.clock(), "harms"))
    response.headers.update(routes_recommendations.PRIVATE)
    return Harms(recommendation_id=kept.record.id, harms=given.store.harms(kept.record.id))
