"""Writes what patients say of consent into the ledger, and erases who asks for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotFound
from service.acting import Acting
from service.admission import check_patient, note_refusal
from service.audit.entry import Entry
from service.collaborators import Given
from service.consent import ConsentStanding, Statement, told
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.signing import signed_by
from service.storage.erasure import Erasure, erase

ROUTER = APIRouter(prefix="/v1", tags=["consent"])
PRIVATE = {"Cache-Control": "no-store"}


class Erased(BaseModel):
    """That a person's key was destroyed.

    Attributes:
        person: what audit records call the person; it leads to nobody any more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: str


@ROUTER.post(
    "/consents",
    status_code=201,
    responses=documented(400, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(Statement),
    summary="What a patient said of a purpose: consent given or withdrawn",
)
def state_consent(
    statement: Annotated[Statement, Depends(body_of(Statement))], given: Given, actor: Acting, response: Response
) -> ConsentStanding:
    """Add a statement to the ledger; the newest of a purpose counts, none is ever changed."""
    response.headers.update(PRIVATE)
    actor = check_patient(given, actor, statement.patient_id, "POST /v1/consents")
    statement = signed_by(statement, actor)
    return told(given.store.add_consent(statement, Entry("consent", actor, given.clock())))


@ROUTER.post(
    "/erasures",
    status_code=201,
    responses=documented(400, 404, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(Erasure),
    summary="Destroy the key of a person who asks for erasure",
)
def erase_patient(
    wish: Annotated[Erasure, Depends(body_of(Erasure))], given: Given, actor: Acting, response: Response
) -> Erased:
    """Nothing that was kept of the person opens any more; the audit's chain stays whole."""
    response.headers.update(PRIVATE)
    entry = Entry("erasure", actor, given.clock())
    try:
        return Erased(person=erase(given.store, signed_by(wish, actor), entry, given.audit_roots))
    except NotFound as error:
        note_refusal(given, actor, "POST /v1/erasures", error)
        raise
