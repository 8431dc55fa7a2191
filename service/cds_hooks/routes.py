"""The addresses of CDS Hooks: discovery, the services, and feedback on their cards."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response

from data_contracts.errors import NotFound
from service.acting import Acting
from service.audit.actor import Actor
from service.cds_hooks.catalogue import SERVICES, CdsService, discovery
from service.cds_hooks.feedback import Feedback, Noted
from service.cds_hooks.feedback_keeper import note_feedback
from service.cds_hooks.hook_request import HookRequest
from service.cds_hooks.respond import respond
from service.collaborators import Collaborators, Given
from service.problem_document import documented
from service.request_body import bytes_of, documented_body, parse_body, read_document, read_json
from service.straight_route import StraightRoute

PREFETCH_BYTES = 8 * 1024 * 1024


class HookRoute(StraightRoute):
    """The route of a service: its function takes the service's id, the body, the collaborators and who calls."""

    most_bytes: ClassVar[int] = PREFETCH_BYTES

    def answered(self, request: Request, body: bytes, given: Collaborators, actor: Actor) -> Response:
        """Answer a hook."""
        made: Response = self.endpoint(request.path_params["service_id"], body, given, actor)
        return made


ROUTER = APIRouter(prefix="/cds-services", tags=["cds-hooks"])
ANSWERING = APIRouter(prefix=ROUTER.prefix, tags=["cds-hooks"], route_class=HookRoute)
Prefetched = Annotated[bytes, Depends(bytes_of(PREFETCH_BYTES))]
Told = Annotated[bytes, Depends(bytes_of(1024 * 1024))]
PRIVATE = {"Cache-Control": "no-store"}


@ROUTER.get(
    "", responses=documented(401, 403, 500, 503), summary="The CDS services, and what each asks to have prefetched"
)
def discover(_: Acting) -> dict[str, Any]:
    """Discovery, as CDS Hooks describes it."""
    return discovery()


@ANSWERING.post(
    "/{service_id}",
    responses=documented(400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(HookRequest),
    summary="Cards for one firing of a hook",
)
def call_service(service_id: str, body: Prefetched, given: Given, actor: Acting) -> Response:
    """The cards; every one is kept, shown or not, with the answer that it was made of. There are no systemActions."""
    service = _service(service_id)
    request = read_document(HookRequest, read_json(body), "the request")
    return Response(respond(request, service, given, actor), 200, PRIVATE, media_type="application/json")


@ROUTER.post(
    "/{service_id}/feedback",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 500, 503),
    openapi_extra=documented_body(Feedback),
    summary="What users did with cards; the same said again changes nothing",
)
def give_feedback(service_id: str, body: Told, given: Given, actor: Acting) -> Noted:
    """Keep what became of cards, beside the answers that they were made of."""
    service = _service(service_id)
    return note_feedback(service.id, parse_body(Feedback, body), given, actor)


def _service(service_id: str) -> CdsService:
    if service_id not in SERVICES:
        raise NotFound("There is no such CDS service; GET /cds-services lists them.")
    return SERVICES[service_id]
