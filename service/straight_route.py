"""A route that makes an answer: admitted, read and answered in one thread, its arguments found by hand.

FastAPI's own way to them (five dependencies resolved anew for each request, a thread for the admission and another for
the answer) costs a third of what a bare service needs for a whole request. What the route says of itself, in the
OpenAPI document too, still comes from the function that it is declared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from data_contracts.profile import PatientProfile
from service.access.rights import right_of
from service.admission import admitted
from service.collaborators import Collaborators
from service.repeating import HEADER, KEY_FORM
from service.request_body import parse_body, read_body

KEY = re.compile(KEY_FORM)


class StraightRoute(APIRoute):
    """A route whose function, no coroutine, takes a profile, the collaborators, who calls and an Idempotency-Key.

    A body is read before anybody is asked who they are, up to the limit that holds for all; what is wrong with it is
    told to nobody who may not call.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What handles a request."""
        (address,), answer = [f"{method} {self.path}" for method in self.methods or ()], self.endpoint

        def work(request: Request, body: bytes | HTTPException) -> Response:
            held: Collaborators = request.app.state.collaborators
            given = held.for_one_request()
            actor = admitted(request, given, address, right_of(address))
            if isinstance(body, HTTPException):
                raise body
            made: Response = answer(parse_body(PatientProfile, body), given, actor, _key(request))
            return made

        async def handle(request: Request) -> Response:
            try:
                body: bytes | HTTPException = await read_body(request)
            except HTTPException as error:
                body = error
            return await run_in_threadpool(work, request, body)

        return handle


def _key(request: Request) -> str | None:
    """The caller's Idempotency-Key, if there is one.

    Raises:
        RequestValidationError: it is not of the documented form.
    """
    key = request.headers.get(HEADER)
    if key is not None and not (len(key) <= 200 and KEY.fullmatch(key)):
        raise RequestValidationError([])
    return key
