"""A route whose errors are pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from data_contracts.errors import BadInput, EquipoiseError
from service.pages.rendering import page


class PageRoute(APIRoute):
    """Answers the errors of our family with a page that says what to do next."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, its errors told as pages."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except EquipoiseError as error:
                return error_page(request, error)

        return told


def error_page(request: Request, error: EquipoiseError) -> Response:
    """What went wrong and what to do, all problems at once."""
    problems = error.problems if isinstance(error, BadInput) else ()
    detail = "" if problems else str(error)
    return page(request, "error.html.j2", error.http_status, title=error.title, detail=detail, problems=problems)
