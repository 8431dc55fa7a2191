"""What patients said of consent: counted over all, and for one patient every statement."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.acting import Acting
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.consent import PURPOSES, Written
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.rendering import page
from service.storage.consents import count_standing, statements_of
from service.storage.person import PatientName, find_person

ROUTER = APIRouter(prefix="/oversight/consents", route_class=PageRoute, include_in_schema=False)


@ROUTER.get("")
def get_consents(request: Request, given: Given, actor: Acting) -> Response:
    """How many patients gave and withdrew each purpose last."""
    return _consents(request, given, actor)


@ROUTER.post("")
def find_consents(request: Request, form: Form, given: Given, actor: Acting) -> Response:
    """Every statement of one patient; an address never holds an identifier."""
    name = PatientName(actor.principal.organisation, form.get("patient_id", ""))
    with given.store.reading() as connection:
        who = find_person(connection, given.store.ring, name)
        said = statements_of(connection, who) if who else None
    detail: dict[str, str | int] = {"what": "consents", "rows": len(said or ())}
    given.store.note(Entry("read", actor, given.clock(), person=who.id if who else None, detail=detail))
    return _consents(request, given, actor, wanted=name.patient_id, said=said)


def _consents(
    request: Request,
    given: Collaborators,
    actor: Actor,
    *,
    wanted: str | None = None,
    said: tuple[Written, ...] | None = None,
) -> Response:
    with given.store.reading() as connection:
        counts = count_standing(connection, actor.principal.organisation)
    told = [(one, counts.get((one, "given"), 0), counts.get((one, "withdrawn"), 0)) for one in PURPOSES]
    status = 404 if wanted is not None and said is None else 200
    return page(request, "consents.html.j2", status, counts=told, wanted=wanted, said=said)
