"""Tells which record system calls the CDS services: by the token that CDS Hooks asks for, if the deployment does."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from service.access.principal import LOCAL
from service.audit.actor import Actor
from service.collaborators import Given


def _calling(request: Request, given: Given) -> Actor:
    """The caller; not a coroutine, as a token that was used before is looked up in the database.

    Raises:
        NotAuthenticated, NotPermitted: the token is not believed, or its issuer may not call.
        NotReady: nobody can be told now.
    """
    address = request.client.host if request.client else "unknown"
    if given.systems is None:
        return Actor(LOCAL, address)
    called = f"{given.cards.base}{request.url.path}"
    return Actor(given.systems(request.headers.getlist("authorization"), called), address)


Calling = Annotated[Actor, Depends(_calling)]
"""Annotate a route's argument with it to be handed the record system that calls."""
