"""Takes a recommendation from draft to reviewed and released, keeps the decision, and tells the history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from service import routes_recommendations
from service.acting import Acting
from service.audit.actor import Actor
from service.audit.reading import reading
from service.collaborators import Collaborators, Given
from service.event import Action, Choice, FirstChoice, History, Signature
from service.history_keeper import find, history_of
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.signed_action import do_signed

ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["release"])
Signed = Annotated[Signature, Depends(body_of(Signature))]
ChosenFirst = Annotated[FirstChoice, Depends(body_of(FirstChoice))]
Chosen = Annotated[Choice, Depends(body_of(Choice))]
ERRORS: dict[str, Any] = {"responses": documented(400, 404, 409, 410, 413, 415, 422, 500, 503)}
SIGNED: dict[str, Any] = ERRORS | {"openapi_extra": documented_body(Signature)}
FIRST: dict[str, Any] = ERRORS | {"openapi_extra": documented_body(FirstChoice)}
CHOSEN: dict[str, Any] = ERRORS | {"openapi_extra": documented_body(Choice)}


@ROUTER.post("/{recommendation_id}/review", summary="A named clinician has reviewed the answer", **SIGNED)
def review(recommendation_id: str, signed: Signed, given: Given, actor: Acting, response: Response) -> History:
    """From draft to reviewed."""
    response.headers.update(routes_recommendations.PRIVATE)
    return _write(recommendation_id, "review", signed, given, actor)


@ROUTER.post("/{recommendation_id}/release", summary="A named clinician lets the patient see the sheet", **SIGNED)
def release(recommendation_id: str, signed: Signed, given: Given, actor: Acting, response: Response) -> History:
    """From reviewed to released; never for a refusal, an awaited acknowledgement, or answers that are too old."""
    response.headers.update(routes_recommendations.PRIVATE)
    return _write(recommendation_id, "release", signed, given, actor)


@ROUTER.post("/{recommendation_id}/decision", summary="What was chosen, why, and why not as advised", **CHOSEN)
def decide(recommendation_id: str, chosen: Chosen, given: Given, actor: Acting, response: Response) -> History:
    """Keep the decision on a reviewed recommendation; the state stays."""
    response.headers.update(routes_recommendations.PRIVATE)
    return _write(recommendation_id, "decide", chosen, given, actor)


@ROUTER.post("/{recommendation_id}/first-choice", summary="What a clinician would choose, before the ranking", **FIRST)
def choose_first(
    recommendation_id: str, chosen: ChosenFirst, given: Given, actor: Acting, response: Response
) -> History:
    """Write down the clinician's own first choice; from then on the ranking is shown."""
    response.headers.update(routes_recommendations.PRIVATE)
    return _write(recommendation_id, "first_choice", chosen, given, actor)


@ROUTER.get(
    "/{recommendation_id}/history",
    responses=documented(404, 410, 422, 500, 503),
    summary="State, what keeps it from release, and who did what when",
)
def get_history(recommendation_id: str, given: Given, actor: Acting, response: Response) -> History:
    """Where a recommendation stands now."""
    response.headers.update(routes_recommendations.PRIVATE)
    kept, now = find(given.store, recommendation_id), given.clock()
    given.store.note(reading(kept.row, actor, now, "history"))
    return history_of(given.store, kept, now.date())


def _write(name: str, action: Action, signature: Signature, given: Collaborators, actor: Actor) -> History:
    kept = do_signed(given, name, action, signature, actor)
    return history_of(given.store, kept, given.clock().date())
