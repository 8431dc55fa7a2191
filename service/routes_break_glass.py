"""Lets clinicians break the glass in an emergency, and others review that they did."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from data_contracts.errors import NotFound, NotPermitted
from service.acting import Acting
from service.admission import note_refusal
from service.audit.entry import Entry
from service.break_glass import GlassBreak, GlassBroken, GlassReview, GlassReviewed, WaitingGlasses
from service.collaborators import Given
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.storage.broken_glass import NO_ENTRY, break_glass, review_glass, waiting_glasses

ROUTER = APIRouter(prefix="/v1/break-glass", tags=["access"])
PRIVATE = {"Cache-Control": "no-store"}


@ROUTER.post(
    "",
    status_code=201,
    responses=documented(400, 404, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(GlassBreak),
    summary="In an emergency: see a patient whom one does not treat, for an hour",
)
def break_for_patient(
    wish: Annotated[GlassBreak, Depends(body_of(GlassBreak))], given: Given, actor: Acting, response: Response
) -> GlassBroken:
    """Count as treating a patient of one's organisation for an hour; somebody else reviews it."""
    response.headers.update(PRIVATE)
    hurried = replace(actor, principal=actor.principal.model_copy(update={"purpose": "emergency"}))
    entry, ring = Entry("break_glass", hurried, given.clock()), given.store.ring
    try:
        return given.store.write(lambda transaction: break_glass(transaction, ring, wish, entry))
    except NotFound as error:
        note_refusal(given, actor, "POST /v1/break-glass", error)
        raise


@ROUTER.get("", responses=documented(500, 503), summary="Broken glass that waits for review")
def get_waiting(given: Given, actor: Acting, response: Response) -> WaitingGlasses:
    """The organisation's entries that nobody has reviewed, the oldest 200; that they were read is remembered."""
    response.headers.update(PRIVATE)
    with given.store.reading() as connection:
        found = waiting_glasses(connection, given.store.ring, actor.principal.organisation)
    detail: dict[str, str | int] = {"what": "break_glass", "rows": len(found.entries)}
    given.store.note(Entry("read", actor, given.clock(), detail=detail))
    return found


@ROUTER.post(
    "/{glass_id}/review",
    status_code=201,
    responses=documented(400, 404, 409, 410, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(GlassReview),
    summary="Whether breaking the glass was justified, as somebody else finds",
)
def review_entry(
    glass_id: str,
    review: Annotated[GlassReview, Depends(body_of(GlassReview))],
    given: Given,
    actor: Acting,
    response: Response,
) -> GlassReviewed:
    """Review an entry, once; never one's own."""
    response.headers.update(PRIVATE)
    entry, ring = Entry("glass_review", actor, given.clock()), given.store.ring
    try:
        glass = _uuid(glass_id)
        return given.store.write(lambda transaction: review_glass(transaction, ring, glass, review, entry))
    except (NotFound, NotPermitted) as error:
        note_refusal(given, actor, "POST /v1/break-glass/{glass_id}/review", error)
        raise


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(NO_ENTRY) from None
