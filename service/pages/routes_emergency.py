"""In an emergency: a clinician breaks the glass of a patient whom they do not treat, and gets to their answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.acting import Acting
from service.break_glass import GlassBreak
from service.collaborators import Given
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.rendering import page
from service.request_body import read_document
from service.routes_break_glass import break_for_patient
from service.storage.listing import answers_of
from service.storage.person import PatientName

ADDRESS = "/emergency"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)


@ROUTER.get("")
def get_emergency(request: Request) -> Response:
    """The form."""
    return page(request, "emergency.html.j2", broken=None)


@ROUTER.post("")
def break_glass(request: Request, form: Form, given: Given, actor: Acting) -> Response:
    """Break it, with a reason; then the patient's newest answer, if there is one."""
    said = {name: form[name] for name in ("patient_id", "reason") if name in form}
    wish = read_document(GlassBreak, said, "the form")
    broken = break_for_patient(wish, given, actor, Response())
    with given.store.reading() as connection:
        found = answers_of(connection, given.store.ring, PatientName(actor.principal.organisation, wish.patient_id))
    if found:
        return RedirectResponse(f"/recommendations/{found[0].id}", 303)
    return page(request, "emergency.html.j2", broken=broken)
