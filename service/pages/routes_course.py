"""The page of one patient over time."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.acting import Acting
from service.audit.reading import reading
from service.collaborators import Given
from service.history_keeper import find
from service.pages.course import courses_of
from service.pages.course_chart import chart_of
from service.pages.page_route import PageRoute
from service.pages.rendering import page, spoken
from service.pages.routes_patient import ADDRESS
from service.storage.listing import answers_of
from service.storage.person import PatientName

ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)


@ROUTER.get("/{recommendation_id}/course")
def get_course(request: Request, recommendation_id: str, given: Given, actor: Acting) -> Response:
    """PHQ-9 and GAD-7 of the patient whose answer this is, from all that they were asked for with."""
    kept = find(given.store, recommendation_id)
    name = PatientName(kept.row.organisation, kept.answer.patient_id)
    with given.store.reading() as connection:
        listed = answers_of(connection, given.store.ring, name)
    courses = courses_of(find(given.store, one.id) for one in reversed(listed))
    given.store.note(reading(kept.row, actor, given.clock(), "course"))
    charts = [chart_of(course, *spoken(request)) for course in courses]
    shown = list(zip(courses, charts, strict=True))
    return page(request, "course.html.j2", kept=kept, shown=shown, listed=listed)
