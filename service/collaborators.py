"""What the routes are handed: a policy, a store, contacts and a clock. Tests hand them fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from data_contracts.site_offer import SiteOffers
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store
from service.utc import utc_now


@dataclass(frozen=True)
class Collaborators:
    """The service's collaborators.

    Attributes:
        served: gives the policy that is served; raises NotReady if there is none.
        store: keeps the answers.
        contacts: whom a refused patient's clinician is told to call.
        clock: the time in UTC.
        offers: what the sites offer, if that is told.
    """

    served: Callable[[], ServedPolicy]
    store: Store
    contacts: tuple[Contact, ...]
    clock: Callable[[], datetime] = utc_now
    offers: SiteOffers | None = None


async def _given(request: Request) -> Collaborators:
    held: Collaborators = request.app.state.collaborators
    return held


Given = Annotated[Collaborators, Depends(_given)]
"""Annotate a route's argument with it to be handed the collaborators."""
