"""What the routes are handed: a policy, a store, contacts and a clock. Tests hand them fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from service.access.authentication import LOCAL_CALLERS, Callers
from service.access.strangers import Strangers
from service.cds_hooks.setting import CardSetting
from service.contact import Contact
from service.fhir.fetching import FhirReads
from service.operations.operations import Operations
from service.served_policy import ServedPolicy
from service.sessions.login import Login
from service.sessions.session_store import Sessions
from service.settings import default_roots
from service.smart.ehr import KnownEhr
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
        first_choice: whether a ranking is withheld until the clinician's own choice is written down.
        reads: fetches what a record system did not prefetch; None fetches nothing.
        safety_officer: who looks into harm, in words.
        operations: what the process knows of its own running.
        callers: tells who calls; by default as in local mode.
        strangers: counts the calls of who is not known.
        sessions: of browsers; None where nobody logs in.
        login: where people log in to the pages; None if nobody can.
        ehrs: the record systems that may launch the pages, by `iss`.
    """

    served: Callable[[], ServedPolicy]
    store: Store
    contacts: tuple[Contact, ...]
    clock: Callable[[], datetime] = utc_now
    offers: SiteOffers | None = None
    audit_roots: Path = field(default_factory=default_roots)
    cards: CardSetting = field(default_factory=CardSetting)
    first_choice: bool = False
    reads: FhirReads | None = None
    safety_officer: str | None = None
    operations: Operations = field(default_factory=Operations)
    callers: Callers = LOCAL_CALLERS
    strangers: Strangers = field(default_factory=Strangers)
    sessions: Sessions | None = None
    login: Login | None = None
    ehrs: Mapping[str, KnownEhr] = field(default_factory=dict)
    _surroundings: dict[int, tuple[RuleSet, Surroundings]] = field(default_factory=dict, repr=False)

    def surroundings(self, rules: RuleSet) -> Surroundings:
        """What answers by these rules come from beside policy and profile; made once, as it is large."""
        if id(rules) not in self._surroundings:
            self._surroundings[id(rules)] = (rules, surroundings_of(rules, self.offers, self.contacts))
        return self._surroundings[id(rules)][1]

    def for_one_request(self) -> Collaborators:
        """The same with one policy for as long as a request takes, whichever is served meanwhile."""
        return replace(self, served=cache(self.served))


async def _given(request: Request) -> Collaborators:
    held: Collaborators = request.app.state.collaborators
    return held.for_one_request()


Given = Annotated[Collaborators, Depends(_given)]
"""Annotate a route's argument with it to be handed the collaborators."""
