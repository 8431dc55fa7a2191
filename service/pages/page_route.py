"""A route whose errors are pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from data_contracts.errors import BadInput, EquipoiseError, NotAuthenticated
from service.pages.rendering import asks_for_part, page
from service.sessions.local_path import login_address


class PageRoute(APIRoute):
    """Answers the errors of our family with a page that says what to do next."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, its errors told as pages."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except NotAuthenticated as error:
                return _to_login(request, error)
            except EquipoiseError as error:
                return error_page(request, error)

        return told


def error_page(request: Request, error: EquipoiseError) -> Response:
    """What went wrong and what to do, all problems at once."""
    problems = error.problems if isinstance(error, BadInput) else ()
    login = login_address("/") if isinstance(error, NotAuthenticated) and _has_login(request) else None
    told = {"title": error.title, "detail": "" if problems else str(error), "problems": problems}
    return page(request, "error.html.j2", error.http_status, login=login, **told)


def _to_login(request: Request, error: NotAuthenticated) -> Response:
    """The way to log in for whoever opens a page; who sends a form is told that nothing was done with it."""
    reads = request.method == "GET" and _has_login(request)
    if reads and asks_for_part(request):
        response = error_page(request, error)
        where = urlsplit(request.headers.get("hx-current-url", ""))
        response.headers["HX-Redirect"] = login_address(_path(where.path, where.query))
        return response
    if reads and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(login_address(_path(request.url.path, request.url.query)), 303)
    return error_page(request, error)


def _has_login(request: Request) -> bool:
    return request.app.state.collaborators.login is not None


def _path(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
