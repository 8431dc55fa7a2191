"""Forms of pages, sent as a browser sends them, and a browser that is watched."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
import uvicorn

from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.pages.forgery import FIELD

Send = Callable[..., Any]
SIZES = {(1366, 768): ("light", "dark"), (820, 1180): (), (390, 844): ("light",)}
"""Laptop, tablet and phone, and the schemes in which axe looks at each: a tablet has the laptop's parts, stacked."""


@pytest.fixture
def send(client: Any) -> Send:
    """Send a page's form with its token; the answer, redirects not followed."""

    def send(address: str, *, part: bool = False, **fields: str) -> Any:
        found = re.search(rf'name="{FIELD}" value="([^"]+)"', client.get("/").text)
        assert found
        headers = {"HX-Request": "true"} if part else {}
        data = {**fields, FIELD: found.group(1)}
        return client.post(address, data=data, headers=headers, follow_redirects=False)

    return send


@pytest.fixture
def asked(client: Any) -> Callable[[dict[str, Any]], str]:
    """Ask for a patient; the address of the answer's page."""

    def ask(profile: dict[str, Any]) -> str:
        made = client.post("/v1/recommendations", json=profile)
        assert made.status_code == 201, made.text
        return f"/recommendations/{made.json()['id']}"

    return ask


@pytest.fixture
def address(served: Any, store: Any) -> Iterator[str]:
    """The service on a port of its own."""
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    app = create_app(Collaborators(lambda: served, store, contacts))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", log_config=None, lifespan="off"))
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    running.join(60)


class Watched:
    """A tab that remembers what it asked for and what it complained of."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.address = address
        self.context = browser.new_context(reduced_motion="reduce", **context)
        self.tab = self.context.new_page()
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", self._asked)
        self.context.on("console", lambda told: self.complaints.append(told.text))
        self.context.on("weberror", lambda told: self.complaints.append(str(told.error)))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(f"{self.address}/"):
            self.elsewhere.append(request.url)

    def open(self, path: str) -> Any:
        """Go to a page of the service."""
        self.tab.goto(self.address + path)
        return self.tab

    def reach(self, wanted: str) -> None:
        """Press Tab until the element of that text, label or name has the focus."""
        for _ in range(200):
            self.tab.keyboard.press("Tab")
            told = self.tab.evaluate(
                "(e => [e.textContent.trim(), e.name, e.id, ...Array.from(e.labels ?? [], l => l.textContent.trim())])"
                "(document.activeElement)"
            )
            if wanted in told:
                return
        raise AssertionError(f"the keyboard does not come to {wanted}")

    def unmarked(self) -> list[str]:
        """What stands there in English although the reader asked for another language, and is not marked as such."""
        found: list[str] = self.tab.evaluate(UNMARKED)
        return found

    def check(self, *schemes: str) -> None:
        """Nobody is shut out, in light or dark, nothing is wider than the screen, and nothing ran that must not."""
        if schemes and self.tab.evaluate("typeof axe") == "undefined":
            self.tab.evaluate(AXE)
        for scheme in schemes:
            self.tab.emulate_media(color_scheme=scheme)
            found = self.tab.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            grave = [one for one in found if one["impact"] in ("serious", "critical")]
            told = [(one["id"], node["html"][:200]) for one in grave for node in one["nodes"]]
            assert told == [], (self.tab.url, scheme)
        assert self.tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.tab.url
        assert self.tab.evaluate(SIDEWAYS) == [], self.tab.url
        assert self.tab.evaluate(ALONE) == [], self.tab.url
        self.calm()

    def check_sizes(self) -> None:
        """The same on laptop, tablet and phone, all that can be unfolded unfolded; the page is loaded once."""
        self.tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        for (width, height), schemes in SIZES.items():
            self.tab.set_viewport_size({"width": width, "height": height})
            self.check(*schemes)

    def calm(self) -> None:
        """Nothing was asked of elsewhere, and no policy of content was broken."""
        assert self.elsewhere == []
        assert self.complaints == []
        assert self.tab.title() != "owned"


AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def watched(browser: Any, address: str) -> Iterator[Callable[..., Watched]]:
    """Open tabs that are watched."""
    made: list[Watched] = []

    def make(**context: Any) -> Watched:
        made.append(Watched(browser, address, **context))
        return made[-1]

    yield make
    for one in made:
        one.context.close()


SIDEWAYS = """() => innerWidth >= 736 ? [] : [...document.querySelectorAll('.scroll, .scrolls, table')]
  .filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent.trim().slice(0, 80))"""
"""Parts that a phone would have to scroll sideways."""

ALONE = """() => [...document.querySelectorAll('.pick')].filter(one => {
  const box = one.querySelector('input').getBoundingClientRect(), words = document.createRange();
  return [...one.childNodes].some(part => {
    if (!part.textContent.trim() || part.classList?.contains('unseen')) return false;
    words.selectNode(part);
    return words.getBoundingClientRect().left < box.right;
  });
}).map(one => one.textContent.trim())"""
"""Boxes to tick whose words stand below them, nearer to the next box."""

UNMARKED = r"""() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const held = walk.currentNode, text = held.textContent.trim();
    if (held.parentElement.closest('[lang=en], bdi, option, script, time, .safety, .forest .axis, .chart')) continue;
    if (/\p{L}{2}/u.test(text) && !text.includes('[')) found.push(text);
  }
  return found;
}"""
