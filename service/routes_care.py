"""Takes from record systems who treats whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from data_contracts.errors import BadInput, Problem, Refused
from data_contracts.patient_identifier import PatientId
from data_contracts.rfc3339 import Instant
from service.access.principal import Line
from service.acting import Acting
from service.audit.entry import Entry
from service.collaborators import Given
from service.consent import check_not_erased
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.storage.care import add_care
from service.storage.person import PatientName

ROUTER = APIRouter(prefix="/v1", tags=["access"])
LONGEST = timedelta(days=366)


class Care(BaseModel):
    """That a clinician treats a patient.

    Attributes:
        patient_id: as in a profile.
        issuer: who names the clinician, as in their token (`iss`).
        subject: the clinician, as in their token (`sub`).
        until: when it ends, at most a year ahead; a time that is past ends it now.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    patient_id: PatientId
    issuer: Line
    subject: Line
    until: Instant


class CareStanding(BaseModel):
    """Until when somebody treats a patient, as it is kept."""

    until: datetime


@ROUTER.post(
    "/care",
    status_code=201,
    responses=documented(400, 401, 403, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(Care),
    summary="Who treats a patient until when",
)
def state_care(
    care: Annotated[Care, Depends(body_of(Care))], given: Given, actor: Acting, response: Response
) -> CareStanding:
    """Add it; of a patient and a clinician the newest counts, none is ever changed."""
    response.headers["Cache-Control"] = "no-store"
    now, ring = given.clock(), given.store.ring
    if care.until > now + LONGEST:
        step = "Give a nearer day, and say it again in time."
        raise BadInput([Problem("until", "a time within 366 days", "a later one", step)])
    name = PatientName(actor.principal.organisation, care.patient_id)
    try:
        check_not_erased(given.store.before(name, "").standing)
    except Refused:
        given.store.note(Entry("refusal", actor, now, "refused", detail={"code": "CONSENT"}))
        raise
    clinician, entry = ring.caller(care.issuer, care.subject), Entry("care", actor, now)
    given.store.write(lambda transaction: add_care(transaction, ring, name, clinician, care.until, entry))
    return CareStanding(until=care.until)
