"""Logging in and out: to the provider, back with a session, and away from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import EquipoiseError, NotAuthenticated, NotFound, NotPermitted, NotReady
from service.access.identity import principal_of
from service.access.principal import UNKNOWN, Principal
from service.acting import address_of
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.pages.form import Form
from service.pages.page_route import PageRoute, error_page
from service.pages.rendering import doors_for, page
from service.sessions.attempt import SECONDS, STRANGE, new_attempt, opened_attempt, sealed_attempt
from service.sessions.cookie import (
    attempt_in,
    forget_attempt,
    forget_session,
    keep_attempt,
    keep_session,
    session_in,
)
from service.sessions.local_path import HOME, LOGIN, LOGOUT, local_path
from service.sessions.login import CALLBACK, Login
from service.sessions.session_store import Sessions

ROUTER = APIRouter(route_class=PageRoute, include_in_schema=False)
NOBODY = (
    "Nobody logs in here by a browser. Whoever runs the service sets EQUIPOISE_LOGIN_ISSUER and what belongs to it "
    "(docs/service.md, Logging in); with --local nobody needs to."
)


@ROUTER.get(LOGIN)
def go_out(given: Given, after: Annotated[str, Query(alias="next")] = HOME) -> Response:
    """To the provider, with what has to come back from there in a cookie."""
    login, _ = _login(given)
    attempt = new_attempt(local_path(after), given.clock())
    response = RedirectResponse(login.way_out(attempt), 303)
    keep_attempt(response, attempt.state, sealed_attempt(attempt, given.store.ring), SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


@ROUTER.get(CALLBACK)
def come_back(request: Request, given: Given) -> Response:
    """From the provider: a new session, or why there is none."""
    login, sessions = _login(given)
    answer, claims = dict(request.query_params), None
    state = answer.get("state", "")
    try:
        attempt = opened_attempt(attempt_in(request, state), state, given.store.ring, given.clock())
        if attempt.ehr:  # it went out to a record system, whose code is nothing for this provider
            raise NotAuthenticated(STRANGE)
        claims = login.claims(answer, attempt, given.clock())
        who = principal_of(login.issuer, claims)
        session = sessions.begin(Actor(who, address_of(request)), given.clock(), session_in(request), _sid(claims))
    except (NotAuthenticated, NotPermitted) as error:
        _note_failure(request, given, login, error, claims)
        return error_page(request, error)
    response = RedirectResponse(_landing(attempt.after, who), 303)
    keep_session(response, session)
    forget_attempt(response, state)
    response.headers["Cache-Control"] = "no-store"
    return response


@ROUTER.post(LOGOUT)
def sign_out(request: Request, _: Form, given: Given) -> Response:
    """End the session, here and on every replica."""
    if (session := session_in(request)) is not None and given.sessions is not None:
        given.sessions.end(session, address_of(request), given.clock())
    response = RedirectResponse(LOGOUT, 303)
    forget_session(response)
    return response


@ROUTER.get(LOGOUT)
def signed_out(request: Request, given: Given) -> Response:
    """That the session has ended, and how to end the provider's."""
    try:
        ending = given.login.provider().end_session if given.login else None
    except NotReady:
        ending = None
    return page(request, "signed_out.html.j2", login=LOGIN if given.login else None, provider=ending)


def _login(given: Collaborators) -> tuple[Login, Sessions]:
    if given.login is None or given.sessions is None:
        raise NotFound(NOBODY)
    return given.login, given.sessions


def _sid(claims: Mapping[str, Any]) -> str | None:
    """What the provider calls its own session, if it says so; by that name it may end ours."""
    sid = claims.get("sid")
    return sid if isinstance(sid, str) else None


def _landing(after: str, who: Principal) -> str:
    """Where to go on; who has nothing to do with the first page goes to one that is theirs."""
    doors = doors_for(who)
    return after if after != HOME or HOME in doors else next(iter(doors), HOME)


def _note_failure(
    request: Request, given: Collaborators, login: Login, error: EquipoiseError, claims: Mapping[str, Any] | None
) -> None:
    """Remember that somebody did not get in: by name if the provider knows them, else one record a second."""
    detail: dict[str, str | int] = {"status": error.http_status}
    if claims is None:
        who = UNKNOWN
        if not (calls := given.strangers.count(given.clock())):
            return
        detail["calls"] = calls
    else:
        subject = str(claims["sub"])
        who = UNKNOWN.model_copy(update={"subject": subject, "issuer": login.issuer.issuer, "name": subject})
    given.store.note(Entry("login", Actor(who, address_of(request)), given.clock(), "denied", detail=detail))
