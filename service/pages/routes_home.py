"""The first page: the patients who were asked for last, and how to find another."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import NotReady
from data_contracts.manifest import PolicyManifest
from service.acting import Acting
from service.admission import check_patient
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.rendering import page
from service.storage.care import treated_by
from service.storage.listing import answers_of, newest_of_each
from service.storage.person import PatientName

ROUTER = APIRouter(route_class=PageRoute, include_in_schema=False)
SHOWN = 50


@ROUTER.get("/")
def get_home(request: Request, given: Given, actor: Acting) -> Response:
    """Patients whom the caller treats, newest answer first."""
    return _home(request, given, actor, 200)


@ROUTER.post("/find")
def find_patient(request: Request, form: Form, given: Given, actor: Acting) -> Response:
    """The newest answer of the patient with this identifier; an address never holds an identifier."""
    wanted = form.get("patient_id", "")
    actor = check_patient(given, actor, wanted, "POST /find")
    with given.store.reading() as connection:
        name = PatientName(actor.principal.organisation, wanted)
        found = answers_of(connection, given.store.ring, name) if wanted else ()
    if found:
        return RedirectResponse(f"/recommendations/{found[0].id}", 303)
    return _home(request, given, actor, 404, wanted=wanted)


def _home(request: Request, given: Collaborators, actor: Actor, status: int, wanted: str | None = None) -> Response:
    ring, who = given.store.ring, actor.principal
    with given.store.reading() as connection:
        treated = treated_by(connection, ring, who, given.clock())
        listed = newest_of_each(connection, ring, who.organisation, SHOWN, treated=treated)
    given.store.note(Entry("read", actor, given.clock(), detail={"what": "list", "count": len(listed)}))
    return page(request, "home.html.j2", status, listed=listed, wanted=wanted, manifest=_manifest(given))


def _manifest(given: Collaborators) -> PolicyManifest | None:
    try:
        return given.served().policy.manifest
    except NotReady:
        return None
