"""The page of one patient: what is known, the options as one picture, and what was done."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data_contracts.errors import ModelStopped, WrongState
from service.acting import Acting
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.audit.reading import reading
from service.collaborators import Collaborators, Given
from service.history_keeper import Kept, check_advises, find
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.patient_view import view_of
from service.pages.rendering import asks_for_part, page
from service.pages.weighing import BEFORE, weighing_of, weights_in
from service.withheld import check_shown

ADDRESS = "/recommendations"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)


@ROUTER.get("/{recommendation_id}")
def get_patient(request: Request, recommendation_id: str, given: Given, actor: Acting, by: str = "") -> Response:
    """The page, or the options alone if htmx asks for them by another outcome."""
    return _shown(request, find(given.store, recommendation_id), given, actor, by=by)


@ROUTER.post("/{recommendation_id}/weigh")
def weigh(request: Request, recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """The ranking by the weights of the form; nothing is kept. Without htmx the whole page shows it."""
    kept = find(given.store, recommendation_id)
    try:
        check_advises(kept)
    except (WrongState, ModelStopped):
        given.store.note(Entry("refusal", actor, given.clock(), "refused", kept.row.person, kept.row.id))
        raise
    return _shown(request, kept, given, actor, form=form)


def _shown(
    request: Request, kept: Kept, given: Collaborators, actor: Actor, *, by: str = "", form: Form | None = None
) -> Response:
    part = asks_for_part(request)
    if form is not None or part:
        check_shown(kept.withheld)
    given.store.note(reading(kept.row, actor, given.clock(), "page" if form is None else "weights"))
    if form is None:
        weighing = None if part or kept.withheld else weighing_of(kept, given)
    else:
        weighing = weighing_of(kept, given, weights_in(form), form.get(BEFORE, ""))
    if part and form is not None:
        return page(request, "ranking.html.j2", weighing=weighing)
    view = view_of(kept, given, by, weighing)
    if kept.withheld is not None:
        return page(request, "withheld.html.j2", view=view)
    return page(request, "options.html.j2" if part else "patient.html.j2", view=view)
