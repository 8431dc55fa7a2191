"""The page behind a card's link: a named clinician acknowledges what safety rules wait for."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import BadInput, Problem
from service import routes_recommendations
from service.acting import Acting
from service.audit.reading import reading
from service.cds_hooks.acknowledging import acknowledge, waiting_rules
from service.collaborators import Given
from service.event import Signature
from service.history_keeper import Kept, find
from service.problem_document import documented
from service.request_body import chunks_of, documented_body, media_type, parse_body, read_document

ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["cds-hooks"])
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page", "content": {"text/html": {"schema": {"type": "string"}}}}
}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MOST = 16 * 1024
DONE = "assessed"
"""The box of the form that has to be ticked."""


async def _signature(request: Request) -> Signature:
    """Who signs, from the page's form or from JSON."""
    kind = media_type(request)
    if kind not in (FORM, JSON):
        raise HTTPException(415, f"Send the body as {FORM} or {JSON}.")
    parts = chunks_of(request, MOST, f"A body has at most {MOST // 1024} KiB.")
    body = b"".join([chunk async for chunk in parts])
    return _of_form(body) if kind == FORM else parse_body(Signature, body)


Signed = Annotated[Signature, Depends(_signature)]


@ROUTER.get(
    "/{recommendation_id}/acknowledgement",
    response_class=Response,
    responses={**PAGE, **documented(404, 409, 410, 422, 500, 503)},
    summary="The page on which a clinician acknowledges what safety rules wait for",
)
def get_page(request: Request, recommendation_id: str, given: Given, actor: Acting) -> Response:
    """What the rules ask for, and a form for the name of who did it; no ranking, no value of the patient's.

    Who is logged in gets the patient's page, which asks for no name and whose forms know the session.
    """
    if getattr(request.state, "signed_in", False):
        return RedirectResponse(f"/recommendations/{recommendation_id}", 303)
    kept = find(given.store, recommendation_id)
    waiting_rules(kept)
    given.store.note(reading(kept.row, actor, given.clock(), "acknowledgement"))
    return _page(kept)


@ROUTER.post(
    "/{recommendation_id}/acknowledgement",
    response_class=Response,
    responses={**PAGE, **documented(400, 404, 409, 410, 413, 415, 422, 500, 503)},
    openapi_extra=documented_body(Signature),
    summary="A named clinician has done what the safety rules wait for",
)
def post_page(recommendation_id: str, signed: Signed, given: Given, actor: Acting) -> Response:
    """Write it down; the next call of a hook for this patient knows of it."""
    return _page(acknowledge(given.store, recommendation_id, signed, actor, given.clock()))


def _page(kept: Kept) -> Response:
    from service.cds_hooks.acknowledgement_page import HEADERS, acknowledgement_page

    return Response(acknowledgement_page(kept), 200, HEADERS, media_type="text/html")


def _of_form(body: bytes) -> Signature:
    try:
        given = {name: values[-1] for name, values in parse_qs(body.decode("utf-8"), max_num_fields=10).items()}
    except ValueError:
        raise BadInput([Problem("the form", "text in UTF-8", "something else", "Send the page's form.")]) from None
    if given.pop(DONE, "") != "yes":
        step = "Tick the box once the assessment has been made."
        raise BadInput([Problem(DONE, "that the assessment was made", "nothing", step)])
    return read_document(Signature, given, "the form")
