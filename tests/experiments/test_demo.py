"""The end of the demo: pages that answer, within two clicks, left open for who sits at a terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from rich.console import Console

from data_contracts.errors import NotReady
from experiments import demo
from experiments.demo_pages import open_pages
from experiments.demo_patients import visits
from experiments.demo_service import RunningService

SITE = {
    "/": '<a href="/a">A</a> <a href="#main">skip</a> <a href="https://example.org/">elsewhere</a>',
    "/a": '<script src="/s.js"></script> <a href="?by=burden">B</a> <a href="/">home</a>',
    "/s.js": "",
    "/a?by=burden": '<a href="/third">third</a>',
}


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 403)
        self.end_headers()
        self.wfile.write(b'<a href="/patient">P</a>' if self.path == "/" else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[RunningService]:
    """A service whose first page answers and whose others do not."""
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield RunningService(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def test_opens_what_two_clicks_reach_and_nothing_of_others() -> None:
    """Pages, styles and views within two links of the first are opened once each, none further and none elsewhere."""
    assert open_pages(SITE.__getitem__, ["/a"]) == ("/", "/a", "/s.js", "/a?by=burden")


def test_an_answer_that_the_first_page_hides_is_named() -> None:
    """A patient's page that takes a second click, or none can reach, ends the demo with its address."""
    with pytest.raises(NotReady, match=r"does not lead to /a\?by=burden, /b\."):
        open_pages(SITE.__getitem__, ["/a", "/b", "/a?by=burden"])


def test_a_page_that_is_refused_is_named(refusing: RunningService) -> None:
    """A page that answers 403 ends the demo with its path, not with a trace."""
    with pytest.raises(NotReady, match=r"The page /patient answered 403\."):
        open_pages(refusing.page, ["/patient"])


@pytest.mark.parametrize("terminals", [(False, False), (True, False), (False, True), (True, True)])
def test_waits_where_someone_can_press_a_key_alone(terminals: tuple[bool, bool], monkeypatch: Any) -> None:
    """The pages stay open only where both a keyboard and a screen are there; otherwise the demo ends at once."""
    keyboard, screen = terminals
    waited: list[str] = []
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"isatty": lambda _: keyboard})())
    console = Console(force_terminal=screen)
    monkeypatch.setattr(console, "input", waited.append)
    demo._stay(console, RunningService("http://127.0.0.1:1"), 3)
    assert bool(waited) is all(terminals)


def test_the_patient_over_time_has_one_score_a_visit() -> None:
    """Each visit tells its score with its own day, the oldest first and the last one today."""
    asked = list(visits(date(2026, 3, 1)))
    days = [one["as_of"]["phq9_total"] for one in asked]
    assert days == sorted(set(days))
    assert days[-1] == "2026-03-01"
    assert {one["patient_id"] for one in asked} == {"demo-course"}
