"""The page of one patient: what is known, the options as one picture, and what was done."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.acting import Acting
from service.audit.reading import reading
from service.collaborators import Given
from service.history_keeper import find
from service.pages.page_route import PageRoute
from service.pages.patient_view import view_of
from service.pages.rendering import asks_for_part, page
from service.withheld import check_shown

ROUTER = APIRouter(prefix="/recommendations", route_class=PageRoute, include_in_schema=False)


@ROUTER.get("/{recommendation_id}")
def get_patient(request: Request, recommendation_id: str, given: Given, actor: Acting, by: str = "") -> Response:
    """The page, or the options alone if htmx asks by another outcome."""
    kept = find(given.store, recommendation_id)
    check_shown(kept.withheld)
    given.store.note(reading(kept.row, actor, given.clock(), "page"))
    part = asks_for_part(request)
    return page(request, "options.html.j2" if part else "patient.html.j2", view=view_of(kept, given, by))
