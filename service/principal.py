"""Who asks, in what role and for what purpose: what every audit record names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request


@dataclass(frozen=True)
class Principal:
    """One who acts. It never names a patient.

    Attributes:
        who: the person's or system's identifier.
        role: what they act as.
        purpose: why, as a code of HL7's PurposeOfUse (TREAT, HOPERAT, HRESCH …).
    """

    who: str
    role: str
    purpose: str


LOCAL = Principal(who="local", role="local", purpose="TREAT")
"""Whoever reaches the service, until it asks who calls."""

OPERATOR = Principal(who="operator", role="administrator", purpose="HOPERAT")
"""Whoever runs a command on the service's machine."""


async def _acting(request: Request) -> Principal:
    """Who was found to call; authentication puts it into the request's state."""
    return getattr(request.state, "principal", LOCAL)


Acting = Annotated[Principal, Depends(_acting)]
"""Annotate a route's argument with it to be handed who calls."""
