"""No page is left out: every address that answers with one is opened in a browser and looked through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.access.rights import RIGHTS
from tests.service.studies.test_requests import PROTOCOL

REPORT = b"<!DOCTYPE html><html lang='en'><title>Report</title><body><main><h1>Report</h1></main></body></html>"
SEALED = {"content-type": "application/octet-stream"}
WHO = {"by": "Dr A. Mbeki", "role": "GP, licence 123"}
ELSEWHERE = {
    "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /.well-known/smart-configuration",
    "GET /cds-services", "GET /assets/{digest}/{name}", "GET /studies/{study}/events",
    "GET /launch", "GET /launch/callback", "GET /login", "GET /login/callback", "GET /oversight/sessions",
}  # fmt: skip
"""Not pages, or ways to another address; and what only those see who log in (sessions/test_pages_in_a_browser.py)."""
PAGES_OF_THE_INTERFACE = {"GET /v1/recommendations/{recommendation_id}/sheet"}


@pytest.fixture
def addresses(client: Any, send: Any, asked: Callable[..., str], profile: dict[str, Any]) -> dict[str, str]:
    """An address of each route that answers with a page, all but a model's."""
    answer = asked(profile)
    for step, more in (("review", {}), ("decision", {"arm": "cbt", "reason": "our choice"}), ("release", {})):
        assert send(f"{answer}/{step}", **WHO, **more).status_code == 303, step
    study = client.post("/v1/studies", json={"protocol": PROTOCOL}).json()["id"]
    client.put(
        f"/v1/studies/{study}/table?name=r.csv", content=b"pid,therapy,change,age\nP1,cbt,3,44\n", headers=SEALED
    )
    client.post("/v1/studies/claim", json={"worker": "lab-1"})
    sent = client.put(f"/v1/studies/{study}/report?worker=lab-1", content=REPORT, headers=SEALED)
    assert sent.status_code < 300, sent.text
    return {
        **{f"GET {path}": path for path in ("/", "/emergency", "/logout", "/studies", "/studies/new")},
        **{f"GET /oversight{path}": f"/oversight{path}" for path in ("", "/audit", "/consents", "/glass")},
        "GET /recommendations/{recommendation_id}": answer,
        "GET /recommendations/{recommendation_id}/course": f"{answer}/course",
        "GET /v1/recommendations/{recommendation_id}/sheet": f"/v1{answer}/sheet",
        "GET /studies/{study}": f"/studies/{study}",
        "GET /studies/{study}/report": f"/studies/{study}/report",
    }


def test_every_route_of_a_page(
    watched: Callable[..., Any],
    addresses: dict[str, str],
    registry: Any,
    run_files: Callable[..., dict[str, bytes]],
    brought: Callable[[], Any],
    group: Any,
    card: Any,
    report: Any,
) -> None:
    """Each has no serious fault of access, light and dark, and is no wider than a phone; a new one has to be named."""
    registry.study(run_files(card=card((group("sex", "female"),)), report=report()) | {"report.html": REPORT})
    registry.study(run_files(report=report()))
    brought()
    version = "/models/{model}/{version}"
    models = {
        "GET /models": "/models",
        "GET /models/{model}": "/models/tiny",
        "GET /models/{model}/compare": "/models/tiny/compare?one=1&other=2",
        f"GET {version}": "/models/tiny/1",
        f"GET {version}/files/{{name}}": "/models/tiny/1/files/report.html",
        **{f"GET {version}/{part}": f"/models/tiny/1/{part}" for part in ("report", "card", "fairness", "overlap")},
    }
    named = addresses | models
    plain = {route for route in RIGHTS if route.startswith("GET /") and not route.startswith("GET /v1/")}
    assert set(named) == (plain - ELSEWHERE) | PAGES_OF_THE_INTERFACE
    one = watched(viewport={"width": 390, "height": 844})
    for route, address in named.items():
        answered = one.tab.goto(one.address + address)
        assert (answered.status, answered.headers["content-type"].partition(";")[0]) == (200, "text/html"), route
        # A document in a sandbox runs no script, axe's neither; test_report.py looks at those.
        sandboxed = answered.headers.get("content-security-policy", "").startswith("sandbox")
        one.check(*(() if sandboxed else ("light", "dark")))


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/studies?page_number=x", 422), ("/broken", 500)])
def test_errors_of_no_page_are_pages(
    watched: Callable[..., Any], path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens an address that is none, is wrongly written, or fails, reads a page with a way on."""
    if status == 500:
        path = "/studies"
        monkeypatch.setattr("service.studies.routes.list_studies", None)
    one = watched(viewport={"width": 390, "height": 844})
    answered = one.tab.goto(one.address + path)
    assert (answered.status, answered.headers["content-type"].partition(";")[0]) == (status, "text/html")
    one.complaints.clear()  # the browser's own word on the status
    assert one.tab.locator("main a.button").get_attribute("href") == "/"
    assert ("Nothing was changed" in one.tab.inner_text("main")) is (status != 500)
    one.check("light", "dark")
