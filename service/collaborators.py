"""What the routes are handed: a policy, a store, contacts and a clock. Tests hand them fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from service.access.authentication import IdentifySystem
from service.cds_hooks.setting import CardSetting
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.settings import default_roots
from service.storage.store import Store
from service.storage.surroundings import Surroundings, surroundings_of
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
        audit_roots: the audit's own place.
        cards: how cards are shown in the record system.
        systems: tells which record system calls the CDS services; None asks nobody.
    """

    served: Callable[[], ServedPolicy]
    store: Store
    contacts: tuple[Contact, ...]
    clock: Callable[[], datetime] = utc_now
    offers: SiteOffers | None = None
    audit_roots: Path = field(default_factory=default_roots)
    cards: CardSetting = field(default_factory=CardSetting)
    systems: IdentifySystem | None = None
    _surroundings: dict[int, tuple[RuleSet, Surroundings]] = field(default_factory=dict, repr=False)

    def surroundings(self, rules: RuleSet) -> Surroundings:
        """What answers by these rules come from beside policy and profile; made once, as it is large."""
        if id(rules) not in self._surroundings:
            self._surroundings[id(rules)] = (rules, surroundings_of(rules, self.offers, self.contacts))
        return self._surroundings[id(rules)][1]


async def _given(request: Request) -> Collaborators:
    held: Collaborators = request.app.state.collaborators
    return held


Given = Annotated[Collaborators, Depends(_given)]
"""Annotate a route's argument with it to be handed the collaborators."""
