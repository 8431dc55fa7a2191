"""The state of the service at a glance, the check of its memory, and the kill switch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import BadUsage, NotReady
from data_contracts.rule import Rule
from service.acting import Acting
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.audit.finding import Verification
from service.audit.verify import SHOWN, verify_store
from service.check import WARNING_DAYS
from service.collaborators import Collaborators, Given
from service.model_stop import Hand, ModelStanding, StopOrder, may_lift, standing_of
from service.operations.readiness import parts_of
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.rendering import page
from service.pages.signing import signed_fields
from service.request_body import read_document
from service.routes_models import lift, stop
from service.storage.broken_glass import waiting_glasses
from service.storage.stops import hand_of

ADDRESS = "/oversight"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class DueRule:
    """A safety rule whose sources are to be read again.

    Attributes:
        rule: which.
        overdue: whether its day has passed; it fires all the same.
    """

    rule: Rule
    overdue: bool


@ROUTER.get("")
def get_overview(request: Request, given: Given, actor: Acting) -> Response:
    """Parts, switch, rules due, contacts and what waits for a review."""
    return _overview(request, given, actor)


@ROUTER.post("/verification")
def verify_memory(request: Request, _: Form, given: Given, actor: Acting) -> Response:
    """Follow the whole chain of the audit and tell what is not as it was written."""
    found = verify_store(given.store, given.audit_roots)
    detail: dict[str, str | int] = {"what": "verification", "rows": found.records, "findings": len(found.findings)}
    given.store.note(Entry("read", actor, given.clock(), detail=detail))
    return _overview(request, given, actor, found)


@ROUTER.post("/switch")
def turn_switch(form: Form, given: Given, actor: Acting) -> Response:
    """Take the served model out of service, or put it back."""
    order = read_document(StopOrder, signed_fields(form, actor.principal, "why"), "the form")
    turned = {"stop": stop, "lift": lift}.get(form.get("turn", ""))
    if turned is None:
        raise BadUsage("A model is stopped or lifted. Send the page's form.")
    turned(form.get("model", ""), order, given, actor, Response())
    return RedirectResponse(f"{ADDRESS}#switch", 303)


def _overview(request: Request, given: Collaborators, actor: Actor, found: Verification | None = None) -> Response:
    organisation = actor.principal.organisation
    with given.store.reading() as connection:
        waiting = waiting_glasses(connection, given.store.ring, organisation)
    return page(
        request,
        "oversight.html.j2",
        parts=parts_of(given),
        standing=(standing := _standing(given)),
        may_turn=(may_turn := "administrator" in actor.principal.roles),
        turns=_turns(standing, hand_of(actor.principal)) if standing and may_turn else (),
        signed_in_here=given.sessions is not None,
        due=_due(given),
        contacts=given.contacts,
        waiting=waiting.waiting,
        found=found,
        shown=SHOWN,
    )


def _standing(given: Collaborators) -> ModelStanding | None:
    try:
        name = given.served().source.manifest.name
    except NotReady:
        return None
    return standing_of(name, given.store.stops(name))


def _turns(standing: ModelStanding, hand: Hand) -> tuple[str, ...]:
    """Which turns of the switch are a hand's: taking its own stop back, or stopping what it has not stopped."""
    lift = ("lift",) if may_lift(standing.stopped_by, hand) else ()
    return lift if hand in standing.stopped_by else (*lift, "stop" if standing.in_service else "stop_too")


def _due(given: Collaborators) -> tuple[DueRule, ...]:
    """Overdue first, then those due within the time of `equipoise check`."""
    try:
        rules, today = given.served().rules, given.clock().date()
    except NotReady:
        return ()
    soon = sorted(rules.due_within(WARNING_DAYS, today), key=_review_by)
    return (*(DueRule(rule, True) for rule in rules.overdue(today)), *(DueRule(rule, False) for rule in soon))


def _review_by(rule: Rule) -> date:
    return rule.review_by
