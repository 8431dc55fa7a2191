"""Who saw what and why: the audit's records, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from data_contracts.errors import BadInput, Problem
from service.acting import Acting
from service.audit.entry import Entry, Kind
from service.audit.looking_back import KINDS, Search, look_back
from service.collaborators import Given
from service.pages.page_route import PageRoute
from service.pages.rendering import page

ROUTER = APIRouter(prefix="/oversight/audit", route_class=PageRoute, include_in_schema=False)
SHOWN = 50
Place = Annotated[int | None, Query(ge=0, lt=2**63)]
"""In the chain."""


@ROUTER.get("")
def get_audit(
    request: Request, given: Given, actor: Acting, kind: str = "", about: str = "", before: Place = None
) -> Response:
    """Records of the caller's organisation, fifty a page; that they were read is remembered too."""
    search = Search(actor.principal.organisation, _kind(kind), about.strip() or None, before)
    with given.store.reading() as connection:
        found = look_back(connection, search, SHOWN + 1)
    detail: dict[str, str | int] = {"what": "audit", "rows": len(found)}
    given.store.note(Entry("read", actor, given.clock(), detail=detail))
    records, more = found[:SHOWN], len(found) > SHOWN
    return page(request, "audit.html.j2", records=records, more=more, search=search, kinds=KINDS)


def _kind(given: str) -> Kind | None:
    for kind in KINDS:
        if kind == given:
            return kind
    if given:
        raise BadInput([Problem("kind", f"one of {', '.join(KINDS)}", "another word", "Choose one of the list.")])
    return None
