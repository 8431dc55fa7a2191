"""Gives the shared-decision sheet of a released recommendation."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from service import routes_recommendations
from service.acting import Acting
from service.collaborators import Given
from service.problem_document import documented
from service.sheet_release import sheet_for

ROUTER = APIRouter(prefix=routes_recommendations.ROUTER.prefix, tags=["release"])
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The sheet", "content": {"text/html": {"schema": {"type": "string"}}}}
}


@ROUTER.get(
    "/{recommendation_id}/sheet",
    response_class=Response,
    responses={**PAGE, **documented(404, 409, 410, 422, 500, 503)},
    summary="The page for clinician and patient: only once it is released",
)
def get_sheet(recommendation_id: str, given: Given, actor: Acting) -> Response:
    """The sheet, byte for byte as it was released; options in the guideline's order, none ranked."""
    from service.sheet_page import content_security_policy

    page = sheet_for(given.store, recommendation_id, given.clock(), actor)
    headers = {
        **routes_recommendations.PRIVATE,
        "Content-Security-Policy": content_security_policy(page),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Response(page, 200, headers, media_type="text/html")
