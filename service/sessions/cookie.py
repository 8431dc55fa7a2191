"""The cookies of sessions and of attempts to log in: never read by scripts, never sent unencrypted or to another host.

`SameSite=Lax`: the browser comes back from the provider's site, and from record systems' links, with a GET.
"""

from __future__ import annotations

from fastapi import Request, Response

SESSION = "__Host-equipoise_session"
ATTEMPT = "__Host-equipoise_login_"
LENGTH = 43
"""Of a session's id: 256 bits, in base64 for addresses."""


def session_in(request: Request) -> str | None:
    """The session's id that a browser sends; whether there is such a session is asked elsewhere."""
    held = request.cookies.get(SESSION, "")
    return held if len(held) == LENGTH and held.isascii() else None


def keep_session(response: Response, session: str) -> None:
    """Let the browser keep a session's id, for as long as it is open."""
    _keep(response, SESSION, session, None)


def forget_session(response: Response) -> None:
    """Let the browser forget it."""
    _keep(response, SESSION, "", 0)


def attempt_in(request: Request, state: str) -> str:
    """What a browser brings of the attempt that is called by a state; empty if nothing."""
    return request.cookies.get(_attempt(state), "")


def keep_attempt(response: Response, state: str, sealed: str, seconds: int) -> None:
    """Let the browser keep an attempt for so many seconds."""
    _keep(response, _attempt(state), sealed, seconds)


def forget_attempt(response: Response, state: str) -> None:
    """Let the browser forget it."""
    _keep(response, _attempt(state), "", 0)


def _attempt(state: str) -> str:
    return ATTEMPT + "".join(letter for letter in state[:12] if letter.isascii() and letter.isalnum())


def _keep(response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
