"""A route whose errors are pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from data_contracts.errors import BadInput, EquipoiseError, NotAuthenticated, Problem
from service.pages.rendering import asks_for_part, page
from service.sessions.local_path import LOGIN
from service.sessions.way_in import has_login, way_in, way_in_for_part

UNFORESEEN = 500
"""Of an error that came in the middle of something: nobody can say what was done before."""


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
    login = LOGIN if isinstance(error, NotAuthenticated) and has_login(request) else None
    return told_page(request, error.http_status, error.title, "" if problems else str(error), problems, login)


def told_page(
    request: Request, status: int, title: str, detail: str, problems: Sequence[Problem] = (), login: str | None = None
) -> Response:
    """An error as a page: what it is, what to do, and whether anything was changed.

    Args:
        problems: told one by one in the place of the detail.
        login: where to log in, if that would help.
    """
    told = {"title": title, "detail": detail, "problems": problems, "login": login, "known": status != UNFORESEEN}
    return page(request, "error.html.j2", status, **told)


def _to_login(request: Request, error: NotAuthenticated) -> Response:
    """The way to log in for whoever opens a page; who sends a form is told that nothing was done with it."""
    if asks_for_part(request) and (where := way_in_for_part(request)):
        response = error_page(request, error)
        response.headers["HX-Redirect"] = where
        return response
    if where := way_in(request):
        return RedirectResponse(where, 303)
    return error_page(request, error)
