"""Who of the organisation is signed in to the pages, and the end of somebody's sessions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import BadInput, NotFound, Problem
from service.acting import Acting
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.rendering import page
from service.sessions.reason import WHYS, Why
from service.sessions.session_store import Sessions

ADDRESS = "/oversight/sessions"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)
NOBODY = "Nobody logs in here by a browser, so that there are no sessions."


@ROUTER.get("")
def get_sessions(request: Request, given: Given, actor: Acting) -> Response:
    """Everybody with an open session in the caller's organisation; that it was read is remembered."""
    people = _sessions(given).people(actor.principal.organisation, given.clock())
    given.store.note(Entry("read", actor, given.clock(), detail={"what": "sessions", "rows": len(people)}))
    return page(request, "sessions.html.j2", found=people, whys=WHYS)


@ROUTER.post("")
def end_sessions(form: Form, given: Given, actor: Acting) -> Response:
    """End all sessions of one person in the caller's organisation."""
    organisation, who = actor.principal.organisation, form.get("who", "")
    _sessions(given).end_of(who, organisation, actor, _why(form.get("why", "")), given.clock())
    return RedirectResponse(ADDRESS, 303)


def _sessions(given: Collaborators) -> Sessions:
    if given.sessions is None:
        raise NotFound(NOBODY)
    return given.sessions


def _why(given: str) -> Why:
    for why in WHYS:
        if why == given:
            return why
    raise BadInput([Problem("why", f"one of {', '.join(WHYS)}", "another word", "Choose one of the list.")])
