"""What who logs in and out reads, in a real browser: nobody is shut out, nothing is asked of elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from data_contracts.errors import NotReady
from service.sessions.provider import KnownProvider

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def look(chromium: Any, browser_of: Any) -> Callable[..., str]:
    """Open an address, every request answered by the service itself; the page's words, once axe has found no fault."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    tab, complaints = context.new_page(), []
    context.on("console", lambda told: complaints.append(told.text))

    def answer(route: Any) -> None:
        got = browser_of.get(route.request.url, headers={"accept": route.request.headers["accept"]})
        headers = {name: value for name, value in got.headers.items() if name != "content-length"}
        route.fulfill(status=got.status_code, headers=headers, body=got.content)

    tab.route("https://equipoise.example.org/**", answer)
    tab.route(lambda address: not address.startswith("https://equipoise.example.org/"), lambda route: route.abort())

    def look(path: str, status: int = 200) -> str:
        answered = tab.goto(f"https://equipoise.example.org{path}")
        assert (answered.status, answered.headers["content-type"].partition(";")[0]) == (status, "text/html")
        tab.evaluate(AXE)
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            found = tab.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], scheme
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [told for told in complaints if "status of" not in told] == []
        words: str = tab.inner_text("main")
        return words

    return look


def test_signed_out(look: Callable[..., str], browser_of: Any, log_in: Any) -> None:
    """Who signed out reads so, and comes to log in again, or to end the provider's session, by keyboard."""
    assert "Log in again" in look("/logout")
    log_in(browser_of)
    assert "Patients" in look("/")


def test_a_login_that_failed(look: Callable[..., str], browser_of: Any, log_in: Any, provider: Any) -> None:
    """A login that is not ours, and one of somebody without a role: each a page with a way on."""
    assert "Log in" in look("/login/callback?code=c&state=unknown", 401)
    provider.changes = {"roles": []}
    refused = log_in(browser_of)
    assert refused.status_code == 403
    assert "Nothing was changed" in refused.text


def test_what_is_not_open_to_somebody(look: Callable[..., str], browser_of: Any, log_in: Any) -> None:
    """A clinician who opens the analyst's pages, and a patient who is nobody's, reads a page and not a document."""
    log_in(browser_of)
    assert "Patients" in look("/studies", 403)
    assert "Dr A. Mbeki" in browser_of.get("/studies").text
    assert look("/recommendations/00000000-0000-4000-8000-000000000000", 404)


def test_a_provider_that_does_not_answer(
    look: Callable[..., str], provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes to log in while the provider is away reads what is missing."""

    def away(_: KnownProvider) -> Any:
        raise NotReady("The provider of identities does not answer. Try again.")

    monkeypatch.setattr(KnownProvider, "__call__", away)
    assert "does not answer" in look("/login", 503)
    assert "You are signed out" in look("/logout")


def test_open_sessions(look: Callable[..., str], browser_of: Any, log_in: Any, provider: Any) -> None:
    """The administrator's page of open sessions, their own among them."""
    provider.changes = {"roles": ["administrator"]}
    log_in(browser_of)
    assert "Dr A. Mbeki" in look("/oversight/sessions")
