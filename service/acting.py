"""Hands routes who calls, and from where."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from service.audit.actor import Actor
from service.network_address import network_address


async def _acting(request: Request) -> Actor:
    """Who was found to call, as `service.admission.admit` names them in the request's state."""
    actor: Actor = request.state.actor
    return actor


def address_of(request: Request) -> str:
    """The network address that a call came from."""
    return network_address(request.scope)


Acting = Annotated[Actor, Depends(_acting)]
"""Annotate a route's argument with it to be handed who calls."""
