"""An analyst asks for a study, follows it, stops it, takes it up again, reads its report."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from data_contracts.errors import BadInput, Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import parse_document, parse_yaml
from data_contracts.study_request import TABLE_KINDS, Line, StudyAsked, StudyRequest
from service.acting import Acting
from service.admission import check_still_signed_in
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.entity_tag import EVENT_STREAM
from service.foreign_document import foreign_headers
from service.problem_document import documented
from service.request_body import body_of, bytes_of, documented_body
from service.routes_recommendations import PRIVATE
from service.storage import study_requests
from service.storage.study_files import PROTOCOL, REPORT, TABLE, file_of, sealed_file
from service.studies.following import following

MEBIBYTE = 1024 * 1024
LARGEST = 100 * MEBIBYTE
"""Bytes of a table."""

BYTES = "application/octet-stream"
HTML: dict[int | str, dict[str, Any]] = {
    200: {"description": "The report", "content": {"text/html": {"schema": {"type": "string"}}}}
}
STATE: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"const": "study"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/StudyRequest"},
        },
    },
}
"""One event of the stream."""
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "States, as they come", "content": {EVENT_STREAM: {"schema": STATE}}}
}
ROUTER = APIRouter(prefix="/v1/studies", tags=["studies"])
Asked = Annotated[StudyAsked, Depends(body_of(StudyAsked))]
Content = Annotated[bytes, Depends(bytes_of(LARGEST, BYTES))]
Name = Annotated[Line, Query(description="of the file: records.csv or records.parquet", examples=["records.csv"])]
Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=10**9, description="how many of the newest are left out")]
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
ASKED: dict[str, Any] = {
    "responses": documented(400, 413, 415, 422, 500, 503),
    "openapi_extra": documented_body(StudyAsked),
}
SENT: dict[str, Any] = {"responses": documented(404, 409, 413, 415, 422, 500, 503), "openapi_extra": BODY}
CHANGED: dict[str, Any] = {"responses": documented(404, 409, 422, 500, 503)}
LOOKED: dict[str, Any] = {"responses": documented(404, 422, 500, 503)}


def entry_of(given: Collaborators, actor: Actor) -> Entry:
    """The audit record of whatever is done with a study now."""
    return Entry("study", actor, given.clock())


def note_reading(given: Collaborators, actor: Actor, study: str, kind: str) -> None:
    """Remember that a file of a study was given to somebody: its table is many patients' records."""
    detail: dict[str, str | int] = {"what": f"study_{kind}", "request": study}
    given.store.note(Entry("read", actor, given.clock(), detail=detail))


def check_table(name: str, content: bytes) -> str:
    """How the name of a table ends.

    Raises:
        BadInput: it is no table's name, or the file is empty.
    """
    kind = PurePosixPath(name).suffix.lower()
    if kind not in TABLE_KINDS or not content:
        found = "an empty file" if kind in TABLE_KINDS else "another name"
        step = "Send one row an episode. Event tables and databases are studied with equipoise-lab study."
        raise BadInput([Problem("table", f"a file named …{' or …'.join(TABLE_KINDS)}", found, step)])
    return kind


@ROUTER.post("", status_code=201, summary="Ask for a study by its protocol; its table follows", **ASKED)
def ask(asked: Asked, given: Given, actor: Acting, response: Response) -> StudyRequest:
    """Keep a protocol that holds; all its problems are told at once."""
    response.headers.update(PRIVATE)
    protocol = parse_document(StudyProtocol, parse_yaml(asked.protocol, "protocol"), where="protocol")
    entry, name = entry_of(given, actor), str(uuid4())
    request = StudyRequest(
        id=name,
        name=protocol.name,
        study_id=protocol.study_id,
        state="draft",
        asked_by=actor.principal.name,
        asked_at=entry.at,
    )
    file = sealed_file(given.store.ring, name, PROTOCOL, "protocol.yaml", asked.protocol.encode())
    given.store.write(lambda transaction: study_requests.add_request(transaction, request, file, entry))
    return request


@ROUTER.put("/{study}/table", summary="Its table of episodes; the study then waits for a worker", **SENT)
def send_table(
    study: str, name: Name, content: Content, given: Given, actor: Acting, response: Response
) -> StudyRequest:
    """Keep the table, sealed, until the study is done."""
    response.headers.update(PRIVATE)
    kind, entry = check_table(name, content), entry_of(given, actor)
    file = sealed_file(given.store.ring, study, TABLE, f"records{kind}", content)
    return given.store.write(lambda transaction: study_requests.add_table(transaction, file, entry))


@ROUTER.get("", summary="Studies that were asked for, the newest first", responses=documented(422, 500, 503))
def list_studies(
    given: Given, actor: Acting, response: Response, limit: Limit = 100, offset: Offset = 0
) -> tuple[StudyRequest, ...]:
    """Those of the caller's organisation."""
    response.headers.update(PRIVATE)
    with given.store.looking() as connection:
        return study_requests.requests_of(connection, actor.principal.organisation, limit, offset)


@ROUTER.get("/{study}", summary="Where a study stands", **LOOKED)
def get_study(study: str, given: Given, actor: Acting, response: Response) -> StudyRequest:
    """One request."""
    response.headers.update(PRIVATE)
    with given.store.looking() as connection:
        return study_requests.request_of(connection, actor.principal.organisation, study)


@ROUTER.get(
    "/{study}/events",
    summary="Its states as they come (server-sent events), until it has ended",
    response_class=StreamingResponse,
    responses={**STREAM, **documented(404, 422, 500, 503)},
)
def follow(request: Request, study: str, given: Given, actor: Acting) -> StreamingResponse:
    """A stream of ``StudyRequest`` documents; it ends with the session that asked for it."""

    def look() -> StudyRequest:
        check_still_signed_in(request, given)
        with given.store.looking() as connection:
            return study_requests.request_of(connection, actor.principal.organisation, study)

    first = look()
    return StreamingResponse(following(first, look), media_type=EVENT_STREAM, headers=PRIVATE)


@ROUTER.post("/{study}/stop", summary="Cancel it; what it has finished is kept for taking it up again", **CHANGED)
def stop_study(study: str, given: Given, actor: Acting, response: Response) -> StudyRequest:
    """A study that runs is stopped by its worker within seconds."""
    response.headers.update(PRIVATE)
    entry = entry_of(given, actor)
    return given.store.write(lambda transaction: study_requests.stop(transaction, study, entry))


@ROUTER.post("/{study}/resume", summary="Let it wait for a worker again", **CHANGED)
def resume(study: str, given: Given, actor: Acting, response: Response) -> StudyRequest:
    """After a failure or a stop; the same worker goes on where it was."""
    response.headers.update(PRIVATE)
    entry = entry_of(given, actor)
    return given.store.write(lambda transaction: study_requests.take_up(transaction, study, entry))


@ROUTER.delete("/{study}", status_code=204, summary="Remove it with its protocol, table and report", **CHANGED)
def delete(study: str, given: Given, actor: Acting) -> None:
    """What MLflow keeps of it stays there."""
    entry = entry_of(given, actor)
    given.store.write(lambda transaction: study_requests.remove(transaction, study, entry))


@ROUTER.get(
    "/{study}/report",
    response_class=Response,
    responses={**HTML, **documented(404, 422, 500, 503)},
    summary="Its report, one page",
)
def get_report(study: str, given: Given, actor: Acting) -> Response:
    """The report as the study wrote it."""
    with given.store.looking() as connection:
        study_requests.request_of(connection, actor.principal.organisation, study)
        page = file_of(connection, given.store.ring, study, REPORT)
    note_reading(given, actor, study, REPORT)
    return Response(page, 200, {**PRIVATE, **foreign_headers(page)}, media_type="text/html")
