"""Keeps other sites from sending forms in somebody's name (CSRF).

Every form holds a token. That of a session is made from the session's id, which nobody else knows, and ends with it.
Where there is none, as in local mode, a cookie holds it as well: another site can make a browser send the cookie (and
not even that: it is `SameSite=Strict`) but cannot read it, and so cannot put it into a form. What browsers say
themselves of where a request comes from is asked besides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response

from data_contracts.errors import NotPermitted
from service.sessions.cookie import session_in

COOKIE = "equipoise_form"
FIELD = "form_token"


def token_for(request: Request) -> str:
    """The token of this browser, a new one if it has none."""
    held = _held(request)
    if _is_token(held):
        return held
    if not hasattr(request.state, "form_token"):
        request.state.form_token = secrets.token_urlsafe(32)
    made: str = request.state.form_token
    return made


def set_cookie(request: Request, response: Response) -> None:
    """Let the browser keep its token, for as long as it is open; that of a session it need not keep."""
    if session_in(request) is not None:
        return
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token_for(request), path="/", secure=secure, httponly=True, samesite="strict")


def check_form(request: Request, given: str) -> None:
    """Refuse a form that is not one of our own pages'.

    Raises:
        NotPermitted: the token is missing or another, or the browser says that another site sent it.
    """
    held = _held(request)
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    if not (
        own and site == "same-origin" and _is_token(held) and secrets.compare_digest(held.encode(), given.encode())
    ):
        raise NotPermitted("The form did not come from a page of this service. Open the page anew and send it again.")


def _held(request: Request) -> str:
    session = session_in(request)
    if session is None:
        return request.cookies.get(COOKIE, "")
    made = hmac.new(session.encode(), b"token of forms", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _is_token(text: str) -> bool:
    return len(text) == 43 and text.isascii()
