"""Routes that make an answer: admitted, read and answered in one thread, their arguments found by hand.

FastAPI's own way to them (five dependencies resolved anew for each request, a thread for the admission and another for
the answer) costs a third of what a bare service needs for a whole request. What a route says of itself, in the
OpenAPI document too, still comes from the function that it is declared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from data_contracts.profile import PatientProfile
from service.access.rights import right_of
from service.admission import admitted
from service.audit.actor import Actor
from service.collaborators import Collaborators
from service.repeating import HEADER, KEY_FORM
from service.request_body import MAX_BYTES, body_chunks, parse_body

KEY = re.compile(KEY_FORM)
STRANGERS_BYTES = MAX_BYTES
"""Of a longer body the rest is read once it is known who sends it."""


class StraightRoute(APIRoute):
    """A route whose function is no coroutine and answers with a response; kinds of it find its arguments.

    A body is read before anybody is asked who they are, up to 256 KiB; what is wrong with it is told to nobody who may
    not call.

    Attributes:
        most_bytes: how long a body may be.
    """

    most_bytes: ClassVar[int] = MAX_BYTES

    def answered(self, request: Request, body: bytes, given: Collaborators, actor: Actor) -> Response:
        """Find the function's arguments and call it."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What handles a request."""
        (address,) = [f"{method} {self.path}" for method in self.methods or ()]

        def admit(request: Request, given: Collaborators) -> Actor:
            return admitted(request, given, address, right_of(address))

        def work(request: Request, given: Collaborators, actor: Actor | None, body: bytes | HTTPException) -> Response:
            actor = actor or admit(request, given)
            if isinstance(body, HTTPException):
                raise body
            return self.answered(request, body, given, actor)

        async def handle(request: Request) -> Response:
            held: Collaborators = request.app.state.collaborators
            given, actor, size = held.for_one_request(), None, 0
            parts: list[bytes] = []
            try:
                async for chunk in body_chunks(request, self.most_bytes):
                    parts.append(chunk)
                    size += len(chunk)
                    if size > STRANGERS_BYTES and actor is None:
                        actor = await run_in_threadpool(admit, request, given)
                body: bytes | HTTPException = b"".join(parts)
            except HTTPException as error:
                body = error
            return await run_in_threadpool(work, request, given, actor, body)

        return handle


class ProfileRoute(StraightRoute):
    """A route whose function takes a profile, the collaborators, who calls and an Idempotency-Key."""

    def answered(self, request: Request, body: bytes, given: Collaborators, actor: Actor) -> Response:
        """Parse the profile, and answer for it."""
        made: Response = self.endpoint(parse_body(PatientProfile, body), given, actor, _key(request))
        return made


def _key(request: Request) -> str | None:
    """The caller's Idempotency-Key, if there is one.

    Raises:
        RequestValidationError: it is not of the documented form, or there are several.
    """
    keys = request.headers.getlist(HEADER)
    if len(keys) > 1 or not all(len(key) <= 200 and KEY.fullmatch(key) for key in keys):
        raise RequestValidationError([])
    return keys[0] if keys else None
