"""For the analyst: the lab's models, their versions with gates, report and card, and how one is promoted."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data_contracts.alias_move import CARD_PAGE, GATES, REPORT, REPORT_PAGE
from data_contracts.errors import NotFound
from data_contracts.manifest import MODEL_CARD
from service.acting import Acting
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.foreign_document import foreign_headers
from service.pages.comparison import compare
from service.pages.fairness_view import MEASURES, fairness_view
from service.pages.model_view import VersionView, model_rows, model_view, version_view
from service.pages.overlap_view import PARTS, overlap_view, read_design
from service.pages.page_route import PageRoute
from service.pages.paging import page_asked, paging
from service.pages.rendering import FRAMING, page, spoken
from service.policy_card import card_in, check_card
from service.routes_recommendations import PRIVATE

ADDRESS = "/models"
ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)
HTML, JSON = "text/html", "application/json"
FILES = {REPORT_PAGE: HTML, CARD_PAGE: HTML, REPORT: JSON, GATES: JSON, MODEL_CARD: JSON}
"""Files of a version that are given out, with their media types."""


@ROUTER.get("")
def get_models(request: Request, given: Given, actor: Acting, page_number: int = 1) -> Response:
    """The models that were brought here, fifty a page."""
    number = page_asked(page_number)
    rows, more = model_rows(number)
    _read(given, actor, "models", {"count": len(rows)})
    turned = paging(ADDRESS, number, len(rows), more=more)
    return page(request, "models.html.j2", turned.status, rows=rows, paging=turned)


@ROUTER.get("/{model}")
def get_model(model: str, request: Request, given: Given, actor: Acting, page_number: int = 1) -> Response:
    """One model: champion and challenger, its versions, fifty a page, and who moved what."""
    number = page_asked(page_number)
    view, more = model_view(model, number)
    _read(given, actor, "model", {"model": model})
    turned = paging(f"{ADDRESS}/{model}", number, len(view.rows), more=more)
    return page(request, "model.html.j2", turned.status, view=view, paging=turned)


@ROUTER.get("/{model}/compare")
def get_comparison(
    model: str, request: Request, given: Given, actor: Acting, one: str = "", other: str = ""
) -> Response:
    """Two versions side by side."""
    both = compare(version_view(model, one), version_view(model, other))
    _read(given, actor, "comparison", {"model": model, "version": one, "other": other})
    return page(request, "model_compare.html.j2", both=both)


@ROUTER.get("/{model}/{version}")
def get_version(model: str, version: str, request: Request, given: Given, actor: Acting) -> Response:
    """One version: its gates at a glance, and how it is promoted."""
    view = version_view(model, version)
    _read(given, actor, "gates", {"model": model, "version": version})
    return page(request, "gates.html.j2", view=view, tab="gates")


@ROUTER.get("/{model}/{version}/report")
def get_report(model: str, version: str, request: Request, given: Given, actor: Acting) -> Response:
    """Its report, in a frame."""
    return _framed(request, given, actor, version_view(model, version), ("report", REPORT_PAGE))


@ROUTER.get("/{model}/{version}/card")
def get_card(model: str, version: str, request: Request, given: Given, actor: Acting) -> Response:
    """Its model card, in a frame."""
    return _framed(request, given, actor, version_view(model, version), ("card", CARD_PAGE))


@ROUTER.get("/{model}/{version}/fairness")
def get_fairness(
    model: str, version: str, request: Request, given: Given, actor: Acting, measure: str = "", column: str = ""
) -> Response:
    """How it holds in each group of patients."""
    view = version_view(model, version)
    card = check_card(card_in(view.found.content(MODEL_CARD)))
    _read(given, actor, "fairness", {"model": model, "version": version})
    shown = fairness_view(card, measure, column, spoken(request))
    return page(request, "fairness.html.j2", view=view, tab="fairness", card=card, shown=shown, measures=MEASURES)


@ROUTER.get("/{model}/{version}/overlap")
def get_overlap(
    model: str, version: str, request: Request, given: Given, actor: Acting, part: str = "", arm: str = ""
) -> Response:
    """Whether its arms could be compared."""
    view = version_view(model, version)
    design = read_design(view.found.content(REPORT))
    _read(given, actor, "overlap", {"model": model, "version": version})
    shown = overlap_view(design, view.found.manifest.gates, part, arm, spoken(request))
    return page(request, "overlap.html.j2", view=view, tab="overlap", shown=shown, parts=PARTS)


@ROUTER.get("/{model}/{version}/files/{name}")
def get_file(model: str, version: str, name: str, given: Given, actor: Acting) -> Response:
    """One of its files as it was signed; a page among them runs nothing and reaches nothing."""
    if name not in FILES:
        raise NotFound(f"Of a version these files are given out: {', '.join(FILES)}.")
    content = version_view(model, version).found.content(name)
    _read(given, actor, name, {"model": model, "version": version})
    headers = foreign_headers(content if FILES[name] == HTML else b"")
    return Response(content, 200, {**PRIVATE, **headers}, media_type=FILES[name])


def _framed(
    request: Request, given: Collaborators, actor: Actor, view: VersionView, part: tuple[str, str]
) -> Response:
    """A page that the study wrote, in a frame that runs nothing and reaches nothing."""
    _read(given, actor, part[0], {"model": view.note.name, "version": view.row.version})
    tab, file = part
    answer = page(request, "model_frame.html.j2", view=view, tab=tab, file=file)
    answer.headers.update(FRAMING)
    return answer


def _read(given: Collaborators, actor: Actor, what: str, about: dict[str, str | int]) -> None:
    given.store.note(Entry("read", actor, given.clock(), detail={"what": what, **about}))
