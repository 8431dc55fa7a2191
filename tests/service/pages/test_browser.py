"""The pages in a real browser: nobody is shut out, nothing leaves the origin, and no policy is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect
from starlette.testclient import TestClient

from data_contracts.effects import ServedEffects
from data_contracts.manifest import MANIFEST, PolicyManifest
from data_contracts.secondary_arrays import secondary_arrays
from data_contracts.secondary_outcome import BETTER, SHARE, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel
from service.app import create_app
from service.pages.formats import formats_for
from service.utc import utc_now
from tests.service.studies.test_requests import PROTOCOL

HOSTILE = '<script>document.title="owned"</script>"><img src=x onerror=document.title="owned">'
WHO = {"by": "Dr A. Mbeki", "role": "GP, licence 123"}
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
    with TestClient(create_app(replace(client.app.state.collaborators, first_choice=True))) as strict:
        made = strict.post("/v1/recommendations", json={"patient_id": "P-6", "values": values})
        found["own choice first"] = made.headers["location"].removeprefix("/v1")
    oversight = {place: f"/oversight/{place}" for place in ("audit", "glass", "consents")}
    return {
        "home": "/",
        "not found": "/recommendations/nothing",
        "past the end": "/studies?page_number=9",
        "emergency": "/emergency",
        "oversight": "/oversight",
        **oversight,
        **found,
    }


def test_every_page_in_every_state(
    watched: Callable[..., Any], client: Any, asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """On laptop, tablet and phone, light and dark, no page has a serious fault of access or is wider than the screen.

    And in the language that nobody speaks nothing is left in English but what is marked as such, names and safety.
    """
    one, nobodys = watched(), watched(locale="en-XA")
    for name, where in states(client, asked, profile).items():
        nobodys.open(where)
        assert nobodys.unmarked() == [], where
        tab = one.open(where)
        if name in ("not found", "past the end"):
            one.complaints.clear()  # the browser's own word on a 404
        if name == "course":
            tab.wait_for_selector("[data-drawn]")
            assert tab.locator(".chart svg").count() == 1
        one.check_sizes()


def test_sliders_and_outcomes_without_a_page_load(
    watched: Callable[..., Any], asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """A slider ranks anew and tells who moved, an outcome redraws the picture, and the page is never loaded again."""
    one = watched()
    tab = one.open(asked(profile))
    began = tab.evaluate("performance.timeOrigin")
    tab.get_by_label("Feeling better").fill("1")
    tab.wait_for_selector(".places")
    first = tab.locator(".places .name").all_inner_texts()
    tab.get_by_label("Little of my time").fill("10")  # one move: who moved is told of the last one alone
    tab.wait_for_selector(".chip.up")
    expect(tab.locator(".places .name")).not_to_have_text(first)
    assert sorted(tab.locator(".places .name").all_inner_texts()) == sorted(first)
    tab.get_by_role("link", name="Stopping early").click()
    tab.wait_for_selector("text=How many stop before the end")
    expect(tab.get_by_role("link", name="Stopping early")).to_be_focused()
    assert tab.evaluate("performance.timeOrigin") == began
    one.check("light")


def test_the_whole_way_by_keyboard(
    watched: Callable[..., Any], asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """From the first page to a written decision with no pointer at all; printed it is light, without its forms."""
    asked(profile)
    one = watched()
    tab = one.open("/")
    one.reach("P-1")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#options")
    one.reach("Feeling better")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_selector(".places")
    sign(one, "review", "I have read it")
    one.reach("arm")
    tab.keyboard.press("Space")
    one.reach("reason")
    tab.keyboard.type("our choice")
    one.reach("by-decide")
    assert tab.input_value("#by-decide") == WHO["by"]  # who signed the step before is offered, and may be changed
    assert tab.locator(".why-not").is_hidden()
    sign(one, "decide", "Write the decision down", again=False)
    sign(one, "release", "Release the sheet")
    sheet = tab.get_by_role("link", name="Open the sheet to print")
    expect(sheet).to_have_count(1)
    one.check("light")
    tab.set_viewport_size({"width": 794, "height": 1123})
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 794
    assert tab.locator("#ask-title").is_hidden()
    printed: bytes = tab.pdf()
    assert printed.startswith(b"%PDF")


def test_reasons_against_the_advice_are_asked_where_they_are_needed(
    watched: Callable[..., Any], client: Any, asked: Callable[..., str], send: Callable[..., Any], profile: Any
) -> None:
    """Why not as advised is asked once a therapy outside the top group is chosen, and is sent then."""
    where = asked(profile)
    send(f"{where}/review", **WHO)
    one = watched()
    tab = one.open(where)
    answer = client.get(f"/v1{where}").json()["recommendation"]
    top = {arm["arm"]: bool(arm["rank"] and arm["rank"]["in_top_set"]) for arm in answer["arms"]}
    for arm, advised in [*top.items(), *reversed(top.items())]:
        tab.check(f'[name="arm"][value="{arm}"]')
        assert tab.locator(".why-not").is_hidden() is advised
    tab.check('[name="arm"][value="-"]')
    tab.select_option("#override-code", "not-now")
    tab.fill("#reason", "later")
    tab.get_by_role("button", name="Write the decision down").click()
    tab.wait_for_selector("dt:has-text('Why not as advised')")
    one.check("light", "dark")


def test_days_are_the_same_everywhere(watched: Callable[..., Any], asked: Callable[..., str], profile: Any) -> None:
    """West of Greenwich a score stands over its own day, written on the axis as in the table, but for the year."""
    day = utc_now().date() - timedelta(days=21)
    known = {**profile["values"], "phq9_week0": None, "phq9_total": 26}
    where = asked({"patient_id": "P-1", "values": known, "as_of": {"phq9_total": str(day)}})
    for locale in ("en-GB", "en-US"):
        tab = watched(locale=locale, timezone_id="America/Los_Angeles").open(f"{where}/course")
        tab.wait_for_selector("[data-drawn]")
        written = formats_for(locale).day(day)
        assert written in tab.inner_text("main")
        assert written.startswith(tab.locator(".role-axis-label text").first.text_content())


def test_the_table_works_without_script(
    watched: Callable[..., Any], asked: Callable[..., str], profile: dict[str, Any]
) -> None:
    """With scripts turned off: the ranked table, another outcome, and a ranking by weights."""
    one = watched(java_script_enabled=False)
    tab = one.open(asked(profile))
    assert tab.locator("table.forest tbody.group").count() >= 2
    tab.get_by_role("link", name="Stopping early").click()
    expect(tab.locator("text=How many stop before the end")).to_have_count(1)
    tab.get_by_label("Little of my time").fill("10")
    tab.get_by_role("button", name="Rank anew").click()
    expect(tab.locator(".places li").nth(1)).to_be_attached()
    assert one.elsewhere == []


def test_no_other_site_frames_or_sends(
    watched: Callable[..., Any], browser: Any, address: str, asked: Callable[..., str], profile: dict[str, Any]
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
    other.frames[1].wait_for_url(lambda url: url.startswith("chrome-error:"))
    with other.expect_response(re.compile("/review$")) as taken:
        other.get_by_role("button").click()
    assert taken.value.status == 403


def sign(one: Any, step: str, button: str, *, again: bool = True) -> None:
    """Fill in who signs, and press the step's button; ``again`` if the keyboard is not in the first field yet."""
    if again:
        one.reach(f"by-{step}")
    one.tab.keyboard.type(WHO["by"])
    one.reach(f"role-{step}")
    one.tab.keyboard.type(WHO["role"])
    one.reach(button)
    with one.tab.expect_navigation():
        one.tab.keyboard.press("Enter")
    one.tab.wait_for_selector(f".done:has-text('{WHO['role']}')")


def test_a_study_is_followed_without_a_page_load(watched: Callable[..., Any], client: Any, tmp_path: Path) -> None:
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
