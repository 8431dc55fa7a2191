"""Keeps other sites from sending forms in somebody's name (CSRF).

Every form holds a token that a cookie holds as well. Another site can make a browser send the cookie (and not even
that: it is `SameSite=Strict`) but cannot read it, and so cannot put it into a form. What browsers say themselves of
where a request comes from is asked besides.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response

from data_contracts.errors import NotPermitted

COOKIE = "equipoise_form"
FIELD = "form_token"


def token_for(request: Request) -> str:
    """The token of this browser, a new one if it has none."""
    held = request.cookies.get(COOKIE, "")
    if _is_token(held):
        return held
    if not hasattr(request.state, "form_token"):
        request.state.form_token = secrets.token_urlsafe(32)
    made: str = request.state.form_token
    return made


def set_cookie(request: Request, response: Response) -> None:
    """Let the browser keep its token, for as long as it is open."""
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token_for(request), path="/", secure=secure, httponly=True, samesite="strict")


def check_form(request: Request, given: str) -> None:
    """Refuse a form that is not one of our own pages'.

    Raises:
        NotPermitted: the token is missing or another, or the browser says that another site sent it.
    """
    held = request.cookies.get(COOKIE, "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    if not (
        own and site == "same-origin" and _is_token(held) and secrets.compare_digest(held.encode(), given.encode())
    ):
        raise NotPermitted("The form did not come from a page of this service. Open the page anew and send it again.")


def _is_token(text: str) -> bool:
    return len(text) == 43 and text.isascii()
