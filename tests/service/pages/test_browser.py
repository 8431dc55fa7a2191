"""The pages in a real browser: nobody is shut out, nothing leaves the origin, and no policy is broken."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn

from data_contracts.effects import ServedEffects
from data_contracts.manifest import MANIFEST, PolicyManifest
from data_contracts.secondary_arrays import secondary_arrays
from data_contracts.secondary_outcome import BETTER, SHARE, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.utc import utc_now

HOSTILE = '<script>document.title="owned"</script>"><img src=x onerror=document.title="owned">'
WHO = {"by": "Dr A. Mbeki", "role": "GP, licence 123"}
SIZES = {"laptop": (1280, 800), "tablet": (820, 1180)}
OUTCOMES = (
    *(
        SecondaryOutcome(name=role, unit=SHARE, kind="yes_no", role=role, direction=BETTER[role], range=(0, 1))
        for role in ("response", "dropout")
    ),
    SecondaryOutcome(name="care_hours", unit="hours", kind="points", role="burden", direction="lower_is_better"),
)


@pytest.fixture
def policy_folder(lab: Any, write_folder: Callable[[Mapping[str, bytes]], Path]) -> Path:
    """A policy with response, dropout and burden beside symptoms."""
    plain = lab.policy(arrays=secondary_arrays([_served(outcome) for outcome in OUTCOMES]))
    described = PolicyManifest.model_validate_json(plain[MANIFEST])
    described = described.model_copy(update={"secondary": OUTCOMES, "files": {}})
    held = {name: plain[name] for name in ("arrays.npz", "model_card.json")}
    return write_folder(lab.promoted(lab.signed(held, described)))


def _served(outcome: SecondaryOutcome) -> SecondaryServed:
    coefficients, root = np.zeros((3, 3)), np.zeros((3, 3, 3))
    coefficients[1:, 0] = 0.1, 0.2
    root[1, 1, 0] = root[2, 2, 0] = 0.02
    level = ServedLevel(np.array([0.4, 0.0, 0.0]), np.array([[0.03, 0.0, 0.0]]), np.full(3, 1 / 3))
    effects = ServedEffects(coefficients, root, np.zeros(3, dtype=bool))
    covariance = np.diag([0.0, 0.0004, 0.0004])
    counted = level if outcome.kind == "yes_no" else None
    return SecondaryServed(outcome, effects, coefficients[:, 0], covariance, counted)


@pytest.fixture
def address(served: Any, store: Any) -> Iterator[str]:
    """The service on a port of its own."""
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    app = create_app(Collaborators(lambda: served, store, contacts))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    running.join(10)


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

    def check(self, *schemes: str) -> None:
        """Nobody is shut out, in light or dark; nothing ran or was asked that must not be."""
        for scheme in schemes or ("light",):
            self.tab.emulate_media(color_scheme=scheme)
            found = self.tab.evaluate(f"{AXE}; axe.run({{resultTypes: ['violations']}})")["violations"]
            grave = [one for one in found if one["impact"] in ("serious", "critical")]
            told = [(one["id"], node["html"][:200]) for one in grave for node in one["nodes"]]
            assert told == [], (self.tab.url, scheme)
        assert self.tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.tab.url
        self.calm()

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


def states(client: Any, asked: Callable[..., str], profile: dict[str, Any]) -> dict[str, str]:
    """Pages in their states, by name: the address of each."""
    values = profile["values"]
    hostile = {"patient_id": HOSTILE, "values": {**values, HOSTILE: HOSTILE}}
    found = {
        "ranked": asked(profile),
        "hostile": asked(hostile | {"exclusions": {"cbt": HOSTILE}}),
        "missing": asked({"patient_id": "P-2", "values": {**values, "phq9_week0": None}}),
        "assess first": asked({"patient_id": "P-3", "values": {**values, "phq9_item9": 2}}),
        "refused": asked({"patient_id": "P-4", "values": {**values, "cssrs_q4": "yes"}}),
        "weighed": asked(profile | {"preferences": {"symptom_relief": 5, "no_medication": 8}}),
    }
    day = utc_now().date() - timedelta(days=21)
    found["course"] = asked(
        {"patient_id": "P-1", "values": {**values, "phq9_total": 26}, "as_of": {"phq9_total": str(day)}}
    )
    found["course"] += "/course"
    client.post("/v1/break-glass", json={"patient_id": "P-1", "reason": HOSTILE})
    client.post("/v1/models/tiny/stop", json={**WHO, "why": HOSTILE})
    client.post("/v1/models/tiny/lift", json={**WHO, "why": "seen to"})
    oversight = {place: f"/oversight/{place}" for place in ("audit", "glass", "consents")}
    return {
        "home": "/",
        "not found": "/recommendations/nothing",
        "emergency": "/emergency",
        "oversight": "/oversight",
        **oversight,
        **found,
    }


@pytest.mark.parametrize("size", SIZES)
def test_every_page_in_every_state(
    watched: Callable[..., Watched], client: Any, asked: Callable[..., str], profile: dict[str, Any], size: str
) -> None:
    """On laptop and tablet, light and dark, no page has a serious fault of access or is wider than the screen."""
    width, height = SIZES[size]
    one = watched(viewport={"width": width, "height": height})
    for name, where in states(client, asked, profile).items():
        tab = one.open(where)
        if name == "not found":
            one.complaints.clear()  # the browser's own word on a 404
        if name == "course":
            tab.wait_for_selector("[data-drawn]")
            assert tab.locator(".chart svg").count() == 1
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        one.check(*(("light", "dark") if size == "laptop" else ("light",)))


def test_sliders_and_outcomes_without_a_page_load(
    watched: Callable[..., Watched], asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """A slider ranks anew and tells who moved, an outcome redraws the picture, and the page is never loaded again."""
    one = watched()
    tab = one.open(asked(profile))
    began = tab.evaluate("performance.timeOrigin")
    tab.get_by_label("Feeling better").fill("3")
    tab.wait_for_selector(".places")
    first = tab.locator(".places .name").all_inner_texts()
    tab.get_by_label("Feeling better").fill("0")
    tab.get_by_label("Little of my time").fill("10")
    tab.wait_for_selector(".chip.up")
    assert sorted(tab.locator(".places .name").all_inner_texts()) == sorted(first)
    assert tab.locator(".places .name").all_inner_texts() != first
    tab.get_by_role("link", name="Stopping early").click()
    tab.wait_for_selector("text=How many stop before the end")
    assert tab.evaluate("document.activeElement.textContent") == "Stopping early"
    assert tab.evaluate("performance.timeOrigin") == began
    one.check()


def test_the_whole_way_by_keyboard(
    watched: Callable[..., Watched], asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """From the first page to a written decision with no pointer at all, the sheet at its end."""
    asked(profile)
    one = watched()
    tab = one.open("/")
    reach(tab, "P-1")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#options")
    reach(tab, "Feeling better")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_selector(".places")
    sign(tab, "review", "I have read it")
    reach(tab, "arm")
    tab.keyboard.press("Space")
    reach(tab, "reason")
    tab.keyboard.type("our choice")
    sign(tab, "decide", "Write the decision down")
    sign(tab, "release", "Release the sheet")
    sheet = tab.get_by_role("link", name="Open the sheet to print")
    assert sheet.count() == 1
    one.check()
    printed: bytes = tab.pdf()
    assert printed.startswith(b"%PDF")


def test_the_table_works_without_script(
    watched: Callable[..., Watched], asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """With scripts turned off: the ranked table, another outcome, and a ranking by weights."""
    one = watched(java_script_enabled=False)
    tab = one.open(asked(profile))
    assert tab.locator("table.forest tbody.group").count() >= 2
    tab.get_by_role("link", name="Stopping early").click()
    assert tab.locator("text=How many stop before the end").count() == 1
    tab.get_by_label("Little of my time").fill("10")
    tab.get_by_role("button", name="Rank anew").click()
    assert tab.locator(".places li").count() >= 2
    assert one.elsewhere == []


def test_no_other_site_frames_or_sends(
    watched: Callable[..., Watched], browser: Any, address: str, asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """A page of another site can neither show ours in a frame nor have its form taken."""
    where = address + asked(profile)
    one = watched()
    one.open("/")
    other = one.context.new_page()
    frame = f'<iframe src="{where}"></iframe><form method="post" action="{where}/review"><button>Win</button>'
    hidden = "".join(f'<input name="{name}" value="{value}">' for name, value in WHO.items())
    other.route("http://evil.test/", lambda route: route.fulfill(body=frame + hidden, content_type="text/html"))
    other.goto("http://evil.test/")
    assert other.frames[1].url.startswith("chrome-error:")
    with other.expect_response(re.compile("/review$")) as taken:
        other.get_by_role("button").click()
    assert taken.value.status == 403


def test_every_text_is_in_the_files(
    watched: Callable[..., Watched], client: Any, asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """In the language that nobody speaks nothing is left in English but what is marked as such, names and safety."""
    one = watched(locale="en-XA")
    for where in states(client, asked, profile).values():
        tab = one.open(where)
        left = tab.evaluate(UNMARKED)
        assert left == [], where


UNMARKED = r"""() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const held = walk.currentNode, text = held.textContent.trim();
    if (held.parentElement.closest('[lang=en], bdi, option, script, time, .safety, .forest .axis, .chart')) continue;
    if (/\p{L}{2}/u.test(text) && !text.includes('[')) found.push(text);
  }
  return found;
}"""


def reach(tab: Any, wanted: str) -> None:
    """Press Tab until the element of that text, label or name has the focus."""
    for _ in range(200):
        tab.keyboard.press("Tab")
        told = tab.evaluate(
            "(e => [e.textContent.trim(), e.name, e.id, ...Array.from(e.labels ?? [], l => l.textContent.trim())])"
            "(document.activeElement)"
        )
        if wanted in told:
            return
    raise AssertionError(f"the keyboard does not come to {wanted}")


def sign(tab: Any, step: str, button: str) -> None:
    """Fill in who signs, and press the step's button."""
    reach(tab, f"by-{step}")
    tab.keyboard.type(WHO["by"])
    reach(tab, f"role-{step}")
    tab.keyboard.type(WHO["role"])
    reach(tab, button)
    tab.keyboard.press("Enter")
    tab.wait_for_load_state()
    tab.wait_for_selector(f".done:has-text('{WHO['role']}')")


PROTOCOL = """\
name: asked-for
records: {patient_id: pid, arm: therapy}
arms: {reference: usual, offered: [cbt]}
outcome: {column: change, direction: higher_is_better, unit: points}
effect_modifiers: [age]
"""


def test_a_study_is_followed_without_a_page_load(watched: Callable[..., Watched], client: Any, tmp_path: Path) -> None:
    """Two files are sent; the page tells each step as the worker does, and what came of it, and shuts nobody out."""
    (tmp_path / "p.yaml").write_text(PROTOCOL)
    (tmp_path / "r.csv").write_text("pid,therapy,change,age\nP1,cbt,3,44\n")
    one = watched(viewport={"width": 1280, "height": 800})
    tab = one.open("/studies/new")
    one.check("light", "dark")
    tab.set_input_files("#protocol", str(tmp_path / "p.yaml"))
    tab.set_input_files("#table", str(tmp_path / "r.csv"))
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("h2:has-text('Waiting for a worker')")
    where = "/v1/studies/" + tab.url.rsplit("/", 1)[1]
    client.post("/v1/studies/claim", json={"worker": "lab-1"})
    tab.wait_for_selector("h2:has-text('Being done')")
    began = tab.evaluate("performance.timeOrigin")
    client.post(f"{where}/progress", json={"worker": "lab-1", "step": "outcome regressions", "share": 0.42})
    tab.wait_for_selector("text=outcome regressions")
    assert tab.locator("progress").evaluate("bar => bar.value") == 0.42
    assert tab.evaluate("performance.timeOrigin") == began
    one.check("light", "dark")
    told = {"worker": "lab-1", "exit_code": 0, "version": "3"}
    client.post(f"{where}/end", json=told)
    tab.wait_for_selector("h2:has-text('Done')")
    assert "equipoise-lab promote asked-for 3" in tab.inner_text("pre")
    one.check("light", "dark")
    one.open("/studies")
    one.check("light", "dark")


@pytest.mark.parametrize("size", SIZES)
def test_models_in_every_state(
    watched: Callable[..., Watched],
    client: Any,
    registry: Any,
    run_files: Callable[..., dict[str, bytes]],
    brought: Callable[[], Any],
    every_state: Any,
    size: str,
) -> None:
    """No model, one that nobody promoted, a champion; every state of a gate, hostile names: nobody is shut out."""
    width, height = SIZES[size]
    one = watched(viewport={"width": width, "height": height})
    one.open("/models")
    one.check("light", "dark")
    registry.study(run_files(gates=every_state), by=HOSTILE)
    brought()
    one.open("/models/tiny")
    one.check("light", "dark")
    registry.move("champion", "1", HOSTILE, HOSTILE)
    registry.study(run_files() | {"policy/signature": b"no"})
    registry.study(run_files())
    brought()
    nobodys = watched(locale="en-XA")
    for where in ("/models", "/models/tiny", *(f"/models/tiny/1{part}" for part in ("", "/report", "/card"))):
        assert nobodys.open(where).evaluate(UNMARKED) == [], where
        tab = one.open(where)
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        one.check("light", "dark")


def test_the_command_is_copied_by_keyboard(
    watched: Callable[..., Watched], registry: Any, run_files: Callable[..., dict[str, bytes]], brought: Any
) -> None:
    """From the list of models to the command in the clipboard with no pointer at all."""
    registry.study(run_files())
    brought()
    one = watched(permissions=["clipboard-read", "clipboard-write"])
    tab = one.open("/models")
    for link in ("tiny", "Version 1"):
        reach(tab, link)
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
    reach(tab, "Copy")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == 'equipoise-lab promote tiny 1 --by "" --why ""'
    one.calm()
