"""A study's states as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool

from data_contracts.errors import EquipoiseError
from data_contracts.study_request import ENDED, StudyRequest

LOOK_SECONDS = 1.0
STILL = 15
"""Looks without news after which a comment keeps proxies from closing the stream."""


async def following(first: StudyRequest, look: Callable[[], StudyRequest]) -> AsyncIterator[str]:
    """One event for each change, the first at once; ends with the study, or when it cannot be looked at any more.

    Args:
        first: as it is now.
        look: finds it as it is then; called off the event loop.
    """
    yield _event(first)
    known, silent = first, 0
    while known.state not in ENDED:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            now = await run_in_threadpool(look)
        except EquipoiseError:  # removed, or the database is away: the page asks again by itself
            return
        if now != known:
            yield _event(now)
            known, silent = now, 0
        elif (silent := silent + 1) >= STILL:
            yield ": still there\n\n"
            silent = 0


def _event(request: StudyRequest) -> str:
    return f"event: study\ndata: {request.model_dump_json()}\n\n"
