"""Where a browser goes that shows no session: to log in, and then to what it asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from service.sessions.cookie import SESSION
from service.sessions.local_path import login_address


def has_login(request: Request) -> bool:
    """Whether anybody can log in here by a browser."""
    return request.app.state.collaborators.login is not None


def way_in(request: Request) -> str | None:
    """Where to log in and then go on to what a browser asked for; None for a program, or what is no reading.

    A browser says that somebody goes to an address: links of cards lead to `/v1` too. Of a page it is enough that HTML
    is asked for.
    """
    if request.method != "GET" or not has_login(request):
        return None
    goes = request.headers.get("sec-fetch-mode") == "navigate"
    page = not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")
    return login_address(_address(request.url.path, request.url.query)) if goes or page else None


def just_comes(request: Request) -> bool:
    """Whether a browser opens a page and shows nothing to be known by: it is led to the login, and refused nothing."""
    shows = "authorization" in request.headers or SESSION in request.cookies
    return not shows and way_in(request) is not None


def way_in_for_part(request: Request) -> str | None:
    """The same where htmx asks for a part of a page: back to the whole page."""
    if not has_login(request):
        return None
    where = urlsplit(request.headers.get("hx-current-url", ""))
    return login_address(_address(where.path, where.query))


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
