"""Turns every error into a problem document, or a page for who opened one: ours, HTTP's own, and those unforeseen."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_contracts.errors import EquipoiseError, NotAuthenticated
from service.operations.log import LOG, place_of
from service.pages.page_route import told_page
from service.problem_document import ProblemDocument, document_for_status, document_of
from service.sessions.way_in import way_in

INTERFACES = ("/v1/", "/cds-services", "/.well-known/")
"""Where programs ask; an error there is a problem document, whoever looks at it."""

MISWRITTEN = "The request is not of the documented form; see /openapi.json."

DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not answer that method.",
}


class LastResort:
    """ASGI middleware: what nobody foresaw becomes status 500.

    The log gets the error's type and place and never its message, which may hold a patient's value.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request; on an error before the answer began, answer 500 instead."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            document = document_for_status(500, "The service failed. Its operator finds this instance in the log.")
            LOG.error("failed", error=type(error).__name__, place=place_of(error))
            await _told(Request(scope, receive), document)(scope, receive, send)


def install_error_handling(app: FastAPI) -> None:
    """Make every error answer of an app a problem document."""
    for kind in (EquipoiseError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_middleware(LastResort)


async def _gone(request: Request, _: Exception) -> Response:
    """Whoever hung up in the middle of a body hears of nothing; it counts as their fault, and not as ours."""
    return _told(request, document_for_status(400, "The body broke off."))


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, NotAuthenticated) and (where := way_in(request)):
        return RedirectResponse(where, 303)
    if isinstance(error, EquipoiseError):
        return document_of(error).response({"WWW-Authenticate": "Bearer"} if error.http_status == 401 else None)
    if isinstance(error, HTTPException):
        detail = DETAILS.get(error.status_code, error.detail)
        return _told(request, document_for_status(error.status_code, detail), error.headers)
    return _told(request, document_for_status(422, MISWRITTEN))


def _told(request: Request, document: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response:
    """A page for who opened one in a browser, else the document."""
    path, accepted = request.url.path, request.headers.get("accept", "")
    if path.startswith(INTERFACES) or "text/html" not in accepted:
        return document.response(headers)
    try:
        # Whoever follows a link has no use for the document of an interface.
        detail = "A part of this address cannot be read." if document.detail == MISWRITTEN else document.detail
        return told_page(request, document.status, document.title, detail)
    except Exception as error:  # what failed may be what pages are made of
        LOG.error("failed", error=type(error).__name__, place=place_of(error))
        return document.response(headers)
