"""A record system launches a patient's page: out to its authorization server, and back to the page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import EquipoiseError, NotAuthenticated, NotFound, NotPermitted
from service.access.principal import UNKNOWN
from service.acting import address_of
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.fhir.fetching import FhirReads
from service.pages.page_route import PageRoute, error_page
from service.sessions.attempt import SECONDS, new_attempt, opened_attempt, sealed_attempt
from service.sessions.cookie import attempt_in, forget_attempt, keep_attempt, keep_session, session_in
from service.sessions.session_store import Sessions
from service.smart.asking import answer_for
from service.smart.ehr import CALLBACK, KnownEhr
from service.smart.launch import way_back, way_out

ROUTER = APIRouter(route_class=PageRoute, include_in_schema=False)
LAUNCH = "/launch"
NOBODY = "No record system launches pages here. Whoever runs the service sets EQUIPOISE_EHRS (docs/integration.md)."
STRANGER = (
    "The record system that launched this page (iss) is none that this service knows, so it was not asked anything. "
    "Whoever runs the service lists those that may (EQUIPOISE_EHRS)."
)


@ROUTER.get(LAUNCH)
def go_out(
    request: Request, given: Given, iss: Annotated[str, Query()] = "", launch: Annotated[str, Query()] = ""
) -> Response:
    """To the record system's authorization server, with what has to come back from there in a cookie."""
    try:
        known = _known(given, iss)
    except NotPermitted as error:
        _note_failure(request, given, error)
        return error_page(request, error)
    attempt = new_attempt("/", given.clock(), known.ehr.iss)
    response = RedirectResponse(way_out(known, attempt, launch[:2000]), 303)
    keep_attempt(response, attempt.state, sealed_attempt(attempt, given.store.ring), SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


@ROUTER.get(CALLBACK)
def come_back(request: Request, given: Given) -> Response:
    """From there: a session, the patient's record read, and the patient's page; or why there is none."""
    if not given.ehrs:
        raise NotFound(NOBODY)
    answer = dict(request.query_params)
    state = answer.get("state", "")
    try:
        attempt = opened_attempt(attempt_in(request, state), state, given.store.ring, given.clock())
        known, reads, sessions = _known(given, attempt.ehr), _reads(given), _sessions(given)
        launched = way_back(known, answer, attempt, reads, given.clock())
    except (NotAuthenticated, NotPermitted) as error:
        _note_failure(request, given, error)
        return error_page(request, error)
    actor = Actor(launched.who, address_of(request))
    session = sessions.begin(actor, given.clock(), session_in(request))
    try:
        made = answer_for(launched, known.ehr.iss, reads, given, actor)
        response: Response = RedirectResponse(f"/recommendations/{made}", 303)
    except EquipoiseError as error:  # who asks is known all the same, and may go on to what is there already
        response = error_page(request, error)
    keep_session(response, session)
    forget_attempt(response, state)
    response.headers["Cache-Control"] = "no-store"
    return response


def _known(given: Collaborators, iss: str) -> KnownEhr:
    if not given.ehrs:
        raise NotFound(NOBODY)
    known = given.ehrs.get(iss.rstrip("/"))
    if known is None:
        raise NotPermitted(STRANGER)
    return known


def _reads(given: Collaborators) -> FhirReads:
    if given.reads is None:
        raise NotFound(NOBODY)
    return given.reads


def _sessions(given: Collaborators) -> Sessions:
    if given.sessions is None:
        raise NotFound(NOBODY)
    return given.sessions


def _note_failure(request: Request, given: Collaborators, error: EquipoiseError) -> None:
    """Remember that somebody did not get in, one record a second with their number."""
    if calls := given.strangers.count(given.clock()):
        detail: dict[str, str | int] = {"status": error.http_status, "calls": calls, "way": "launch"}
        given.store.note(Entry("login", Actor(UNKNOWN, address_of(request)), given.clock(), "denied", detail=detail))
