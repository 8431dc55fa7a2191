"""What both clients share: where the service is, who calls, and what becomes of an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import httpx

from service.client.calls import Call
from service.client.problem import problem_of

Answer = TypeVar("Answer")
Token = Callable[[], str] | str | None
"""A bearer token, or what makes one for each call (where each counts once); None sends none."""


def request_of(http: httpx.Client | httpx.AsyncClient, call: Call[Answer], token: Token) -> httpx.Request:
    """The request of a call, its token made now."""
    headers = {"Accept": "*/*", **call.headers}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if token is not None:
        headers["Authorization"] = f"Bearer {token() if callable(token) else token}"
    return http.build_request(call.method, call.path, content=call.body, headers=headers)


def answer_of(call: Call[Answer], response: httpx.Response) -> Answer:
    """What a call was answered.

    Raises:
        ServiceProblem: by a problem.
    """
    if not response.is_success:
        raise problem_of(response)
    return call.read(response.content)
