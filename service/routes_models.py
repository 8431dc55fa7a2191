"""The kill switch over HTTP: takes a model out of service, or back, and tells where it stands."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from data_contracts.errors import NotPermitted
from service.acting import Acting
from service.admission import note_refusal
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.model_stop import ModelStanding, StopOrder, Switch, standing_of
from service.problem_document import documented
from service.request_body import body_of, documented_body
from service.signing import signed_by

ROUTER = APIRouter(prefix="/v1/models", tags=["models"])
PRIVATE = {"Cache-Control": "no-store"}
Ordered = Annotated[StopOrder, Depends(body_of(StopOrder))]
TURNS: dict[str, Any] = {
    "responses": documented(400, 404, 409, 413, 415, 422, 500, 503),
    "openapi_extra": documented_body(StopOrder),
}


@ROUTER.post("/{policy}/stop", summary="Take a model out of service, on all replicas, at once", **TURNS)
def stop(policy: str, order: Ordered, given: Given, actor: Acting, response: Response) -> ModelStanding:
    """Every answer that is not given yet is refused, in all organisations; safety rules go on being heard."""
    response.headers.update(PRIVATE)
    return _turned(policy, "stopped", order, given, actor)


@ROUTER.post("/{policy}/lift", summary="Put a model that was taken out back into service", **TURNS)
def lift(policy: str, order: Ordered, given: Given, actor: Acting, response: Response) -> ModelStanding:
    """The caller's organisation takes its stop back, with a reason; the model answers again once none stands."""
    response.headers.update(PRIVATE)
    try:
        return _turned(policy, "lifted", order, given, actor)
    except NotPermitted as error:
        note_refusal(given, actor, "POST /v1/models/{policy}/lift", error)
        raise


@ROUTER.get("/{policy}/stop", responses=documented(404, 422, 500, 503), summary="Whether a model is in service")
def get_standing(policy: str, given: Given, actor: Acting, response: Response) -> ModelStanding:
    """Every turn of its switch: who, when and why; nothing of a patient is in it. That it was read is remembered."""
    response.headers.update(PRIVATE)
    standing = standing_of(policy, given.store.stops(policy))
    detail: dict[str, str | int] = {"what": "switch", "rows": len(standing.changes)}
    if standing.changes:  # else anything might stand in the address
        detail["policy"] = policy
    given.store.note(Entry("read", actor, given.clock(), detail=detail))
    return standing


def _turned(policy: str, switch: Switch, order: StopOrder, given: Collaborators, actor: Actor) -> ModelStanding:
    entry = Entry("stop" if switch == "stopped" else "lift", actor, given.clock())
    return standing_of(policy, given.store.turn(policy, switch, signed_by(order, actor), entry))
