"""Hands routes who calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from service.access.principal import LOCAL
from service.audit.actor import Actor


async def _acting(request: Request) -> Actor:
    """Who was found to call, as the request's state names them; without authentication everybody is the local one."""
    principal = getattr(request.state, "principal", LOCAL)
    return Actor(principal, request.client.host if request.client else "unknown")


Acting = Annotated[Actor, Depends(_acting)]
"""Annotate a route's argument with it to be handed who calls."""
