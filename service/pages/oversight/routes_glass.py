"""Broken glass that waits for somebody else's review."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.acting import Acting
from service.break_glass import GlassReview
from service.collaborators import Given
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.rendering import page
from service.request_body import read_document
from service.routes_break_glass import get_waiting, review_entry

ADDRESS = "/oversight/glass"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)


@ROUTER.get("")
def get_glass(request: Request, given: Given, actor: Acting) -> Response:
    """The organisation's entries, the oldest first."""
    return page(request, "glass.html.j2", found=get_waiting(given, actor, Response()))


@ROUTER.post("/{glass_id}")
def review(glass_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """Whether it was justified, in words; never one's own."""
    said = {name: form[name] for name in ("verdict", "words") if name in form}
    review_entry(glass_id, read_document(GlassReview, said, "the form"), given, actor, Response())
    return RedirectResponse(ADDRESS, 303)
