"""Where the provider says that somebody is out (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from data_contracts.errors import NotAuthenticated, NotFound
from service.access.logout_token import verify_logout_token
from service.access.principal import UNKNOWN
from service.access.token import MAX_LENGTH
from service.acting import address_of
from service.admission import note_refusal
from service.audit.actor import Actor
from service.collaborators import Collaborators, Given
from service.request_body import bytes_of

BACK_CHANNEL = "/login/back-channel-logout"
ROUTER = APIRouter(include_in_schema=False)
KIND, FIELD = "application/x-www-form-urlencoded", "logout_token"
MOST = 2 * MAX_LENGTH
UNKEPT = {"Cache-Control": "no-store"}
NOBODY = "Nobody logs in here by a browser, so that nobody can be logged out by a provider."


async def _token(request: Request) -> str:
    """The logout token that was sent; empty if there is none, or more than one.

    Raises:
        HTTPException: what was sent is no form, or too long.
    """
    body = await bytes_of(MOST, KIND)(request)
    try:
        given = [value for name, value in parse_qsl(body.decode("ascii"), max_num_fields=20) if name == FIELD]
    except ValueError:
        return ""
    return given[0] if len(given) == 1 else ""


@ROUTER.post(BACK_CHANNEL)
async def log_out(request: Request, token: Annotated[str, Depends(_token)], given: Given) -> Response:
    """End the sessions that the provider's token names; what has ended already is no error."""
    return await run_in_threadpool(_logged_out, request, token, given)


def _logged_out(request: Request, token: str, given: Collaborators) -> Response:
    if given.login is None or given.sessions is None:
        raise NotFound(NOBODY)
    login, now = given.login, given.clock()
    try:
        held = verify_logout_token(token, login.issuer, login.keys, login.client.id, int(now.timestamp()))
        given.sessions.end_by_provider(held, address_of(request), now)
    except NotAuthenticated as error:
        note_refusal(given, Actor(UNKNOWN, address_of(request)), f"POST {BACK_CHANNEL}", error)
        told = {"error": "invalid_request", "error_description": str(error)}
        return JSONResponse(told, 400, UNKEPT)
    return Response(status_code=200, headers=UNKEPT)
