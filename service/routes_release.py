"""Takes a recommendation from draft to reviewed and released, keeps the decision, and tells the history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from service import routes_recommendations
from service.collaborators import Collaborators, Given
from service.event import Action, Choice, History, Signature
from service.history_keeper import PageOf, find, write_down
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.sheet_release import released_page

ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["release"])
Signed = Annotated[Signature, Depends(body_of(Signature))]
Chosen = Annotated[Choice, Depends(body_of(Choice))]
ERRORS: dict[str, Any] = {"responses": documented(400, 404, 409, 413, 415, 422, 500, 503)}
SIGNED: dict[str, Any] = ERRORS | {"openapi_extra": documented_body(Signature)}
CHOSEN: dict[str, Any] = ERRORS | {"openapi_extra": documented_body(Choice)}


@ROUTER.post("/{recommendation_id}/review", summary="A named clinician has reviewed the answer", **SIGNED)
def review(recommendation_id: str, signed: Signed, given: Given, response: Response) -> History:
    """From draft to reviewed."""
    return _write(recommendation_id, "review", signed, given, response)


@ROUTER.post("/{recommendation_id}/release", summary="A named clinician lets the patient see the sheet", **SIGNED)
def release(recommendation_id: str, signed: Signed, given: Given, response: Response) -> History:
    """From reviewed to released; never for a refusal, an awaited acknowledgement, or answers that are too old."""
    return _write(recommendation_id, "release", signed, given, response, page_of=released_page(given))


@ROUTER.post("/{recommendation_id}/decision", summary="What was chosen, why, and why not as advised", **CHOSEN)
def decide(recommendation_id: str, chosen: Chosen, given: Given, response: Response) -> History:
    """Keep the decision on a reviewed recommendation; the state stays."""
    return _write(recommendation_id, "decide", chosen, given, response)


@ROUTER.get(
    "/{recommendation_id}/history",
    responses=documented(404, 422, 500, 503),
    summary="State, what keeps it from release, and who did what when",
)
def get_history(recommendation_id: str, given: Given, response: Response) -> History:
    """Where a recommendation stands now."""
    response.headers.update(routes_recommendations.PRIVATE)
    return find(given.store, recommendation_id).history(given.clock().date())


def _write(
    name: str,
    action: Action,
    signature: Signature,
    given: Collaborators,
    response: Response,
    page_of: PageOf | None = None,
) -> History:
    response.headers.update(routes_recommendations.PRIVATE)
    now = given.clock()
    return write_down(given.store, name, action, signature, now, page_of).history(now.date())
