"""A lab's worker takes a study, tells how far it is, and brings what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from data_contracts.study_request import Line, StudyClaim, StudyEnd, StudyProgress, StudyRequest
from service.acting import Acting
from service.collaborators import Given
from service.problem_document import documented
from service.request_body import body_of, bytes_of, documented_body
from service.routes_recommendations import PRIVATE
from service.storage import study_requests
from service.storage.study_files import PROTOCOL, REPORT, TABLE, file_of, sealed_file
from service.studies.routes import BODY, BYTES, MEBIBYTE, entry_of, note_reading
from service.studies.routes import ROUTER as STUDIES

LARGEST_REPORT = 50 * MEBIBYTE

ROUTER = APIRouter(prefix=STUDIES.prefix, tags=["studies"])
Claim = Annotated[StudyClaim, Depends(body_of(StudyClaim))]
Progress = Annotated[StudyProgress, Depends(body_of(StudyProgress))]
End = Annotated[StudyEnd, Depends(body_of(StudyEnd))]
Page = Annotated[bytes, Depends(bytes_of(LARGEST_REPORT, BYTES))]
Worker = Annotated[Line, Query(description="the worker's name")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
NONE: dict[int | str, dict[str, Any]] = {204: {"description": "Nothing waits"}}


def _told(model: Any, *statuses: int) -> dict[str, Any]:
    told = documented(400, 413, 415, 422, 500, 503, *statuses)
    return {"responses": told, "openapi_extra": documented_body(model)}


@ROUTER.post(
    "/claim",
    response_model=StudyRequest,
    summary="The next study for a worker; 204 if none waits",
    responses={**NONE, **documented(400, 413, 415, 422, 500, 503)},
    openapi_extra=documented_body(StudyClaim),
)
def claim(claimed: Claim, given: Given, actor: Acting) -> Response:
    """Take the oldest that waits, or whose worker has been silent for a minute."""
    entry = entry_of(given, actor)
    found = given.store.write(lambda transaction: study_requests.claim(transaction, claimed.worker, entry))
    if found is None:
        return Response(status_code=204, headers=PRIVATE)
    return Response(found.model_dump_json(), headers=PRIVATE, media_type="application/json")


@ROUTER.get(
    "/{study}/files/{kind}",
    response_class=Response,
    summary="Its protocol or its table, for the worker",
    responses={**FILE, **documented(404, 422, 500, 503)},
)
def get_file(study: str, kind: str, given: Given, actor: Acting) -> Response:
    """The file as it was sent."""
    with given.store.looking() as connection:
        study_requests.request_of(connection, actor.principal.organisation, study)
        wanted = kind if kind in (PROTOCOL, TABLE) else PROTOCOL + TABLE
        content = file_of(connection, given.store.ring, study, wanted)
    note_reading(given, actor, study, kind)
    return Response(content, 200, PRIVATE, media_type=BYTES)


@ROUTER.post("/{study}/progress", summary="How far its worker is", **_told(StudyProgress, 404, 409))
def tell(study: str, progress: Progress, given: Given, actor: Acting, response: Response) -> StudyRequest:
    """Keeps the worker's claim for another minute; ``stopping`` in the answer asks it to stop."""
    response.headers.update(PRIVATE)
    entry = entry_of(given, actor)
    return given.store.write(lambda transaction: study_requests.tell(transaction, study, progress, entry))


@ROUTER.put(
    "/{study}/report",
    status_code=204,
    summary="Its report, from the worker",
    responses=documented(404, 409, 413, 415, 422, 500, 503),
    openapi_extra=BODY,
)
def send_report(study: str, worker: Worker, page: Page, given: Given, actor: Acting) -> None:
    """Keep the report, sealed."""
    file, entry = sealed_file(given.store.ring, study, REPORT, "report.html", page), entry_of(given, actor)
    given.store.write(lambda transaction: study_requests.add_report(transaction, file, worker, entry))


@ROUTER.post("/{study}/end", summary="How it ended, from the worker", **_told(StudyEnd, 404, 409))
def end(study: str, ended: End, given: Given, actor: Acting, response: Response) -> StudyRequest:
    """Keep how it ended; the table goes if it is done."""
    response.headers.update(PRIVATE)
    entry = entry_of(given, actor)
    return given.store.write(lambda transaction: study_requests.end(transaction, study, ended, entry))
