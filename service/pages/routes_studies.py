"""For the analyst: the studies that were asked for, one of them as it goes on, and the form that asks for another."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from data_contracts.study_request import ENDED, StudyAsked
from service.acting import Acting
from service.collaborators import Given
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.paging import page_asked, paging
from service.pages.promoting import promote_command
from service.pages.rendering import page
from service.pages.study_form import SentStudy
from service.request_body import read_document
from service.studies import routes as studies

ADDRESS = "/studies"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)
SHOWN = 50


@ROUTER.get("")
def get_studies(request: Request, given: Given, actor: Acting, page_number: int = 1) -> Response:
    """The newest first, fifty a page."""
    number = page_asked(page_number)
    listed = studies.list_studies(given, actor, Response(), SHOWN + 1, (number - 1) * SHOWN)
    turned = paging(ADDRESS, number, len(listed), more=len(listed) > SHOWN)
    return page(request, "studies.html.j2", turned.status, listed=listed[:SHOWN], paging=turned)


@ROUTER.get("/new")
def get_form(request: Request) -> Response:
    """The form."""
    return page(request, "study_new.html.j2")


@ROUTER.post("")
def ask(sent: SentStudy, given: Given, actor: Acting) -> Response:
    """Keep protocol and table; what is wrong with the protocol is told, and nothing kept."""
    asked = read_document(StudyAsked, {"protocol": sent.protocol}, "the form")
    studies.check_table(sent.name, sent.table)
    request = studies.ask(asked, given, actor, Response())
    studies.send_table(request.id, sent.name, sent.table, given, actor, Response())
    return _to(request.id)


@ROUTER.get("/{study}")
def get_study(study: str, request: Request, given: Given, actor: Acting) -> Response:
    """One study: how far it is, or what came of it."""
    found = studies.get_study(study, given, actor, Response())
    command = promote_command(found.name, found.version) if found.version else ""
    return page(request, "study.html.j2", study=found, ended=found.state in ENDED, command=command)


@ROUTER.get("/{study}/events")
def follow(request: Request, study: str, given: Given, actor: Acting) -> Response:
    """Its states as they come."""
    return studies.follow(request, study, given, actor)


@ROUTER.get("/{study}/report")
def get_report(study: str, given: Given, actor: Acting) -> Response:
    """Its report."""
    return studies.get_report(study, given, actor)


@ROUTER.post("/{study}/stop")
def stop(study: str, _: Form, given: Given, actor: Acting) -> Response:
    """Cancel it."""
    studies.stop_study(study, given, actor, Response())
    return _to(study)


@ROUTER.post("/{study}/resume")
def resume(study: str, _: Form, given: Given, actor: Acting) -> Response:
    """Let it wait for a worker again."""
    studies.resume(study, given, actor, Response())
    return _to(study)


@ROUTER.post("/{study}/remove")
def remove(study: str, _: Form, given: Given, actor: Acting) -> Response:
    """Remove it with its files."""
    studies.delete(study, given, actor)
    return RedirectResponse(ADDRESS, 303)


def _to(study: str) -> Response:
    return RedirectResponse(f"{ADDRESS}/{study}", 303)
