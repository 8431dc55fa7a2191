"""The frame of the pages: their policy of content, their forms, their texts."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from importlib.resources import files
from string import Formatter
from typing import Any

import pytest

from engine import plain_templates
from service.pages.asset import load_assets
from service.pages.forgery import COOKIE, FIELD
from service.pages.texts import LANGUAGE, PSEUDO, texts_in

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}'
BEFORE_CHARTS = 150_000
"""Bytes of compressed scripts and styles at most, charts left aside."""


def token(client: Any) -> str:
    """The form token of the first page."""
    found = re.search(rf'name="{FIELD}" value="([^"]+)"', client.get("/").text)
    assert found
    return found.group(1)


def test_nothing_runs_but_our_own_files(client: Any) -> None:
    """A page allows neither scripts nor styles in its text, nor to be framed, and holds none itself."""
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)


def test_hostile_names_are_text(client: Any, profile: dict[str, Any]) -> None:
    """A patient's identifier and values that look like a page's source stand in it as text."""
    profile["patient_id"] = HOSTILE
    profile["values"][HOSTILE] = HOSTILE
    where = client.post("/v1/recommendations", json=profile).json()["id"]
    for address in ("/", f"/recommendations/{where}"):
        page = client.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


def light(colour: str) -> float:
    """The relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(one: str, other: str, share: float) -> str:
    """A colour over another, by its share."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out(scheme: str) -> None:
    """Intervals, and people who may be, differ from their ground by 3 to 1 (WCAG 2.2, 1.4.11), light and dark."""
    sheets = "".join(load_assets()[name].content.decode() for name in ("page.css", "models.css"))
    colours: dict[str, str] = {}
    for block in re.findall(r":root \{([^}]*)\}", sheets):
        found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        first = not any(name in colours for name in found)
        if first or scheme == "dark":
            colours |= found
    tied = mixed(colours["accent-soft"], colours["surface"], 0.4)
    drawn = [("interval", tied), ("second-soft", colours["surface"]), ("behind", colours["surface"])]
    drawn += [
        (name, colours["surface"]) for name in ("interval", "sure", "strong", *(f"arm-{i}" for i in range(1, 7)))
    ]
    drawn += [("maybe", colours["surface"])] if scheme == "dark" else []
    for name, ground in drawn:
        dark, bright = sorted((light(colours[name]), light(ground)))
        assert (bright + 0.05) / (dark + 0.05) >= 3, (name, colours[name], ground)
    steps = [light(colours[name]) for name in ("sure", "maybe", "not")]
    assert steps == sorted(steps, reverse=scheme == "dark")


def test_forms_of_other_sites_are_refused(client: Any, profile: dict[str, Any]) -> None:
    """Without the token, with another, or from another site a form does nothing; with it, it does."""
    where = client.post("/v1/recommendations", json=profile).json()["id"]
    ours = token(client)
    asked = {"patient_id": profile["patient_id"]}
    attempts: list[tuple[dict[str, str], dict[str, str]]] = [
        (asked, {}),
        (asked | {FIELD: "A" * 43}, {}),
        (asked | {FIELD: "ä" * 43}, {}),
        (asked | {FIELD: ours}, {"Sec-Fetch-Site": "cross-site"}),
        (asked | {FIELD: ours}, {"Sec-Fetch-Site": "same-site"}),
        (asked | {FIELD: ours}, {"Origin": "https://elsewhere.example"}),
        (asked | {FIELD: ours}, {"Origin": "null"}),
    ]
    for data, headers in attempts:
        assert client.post("/find", data=data, headers=headers, follow_redirects=False).status_code == 403
    found = client.post("/find", data=asked | {FIELD: ours}, follow_redirects=False)
    assert found.headers["location"] == f"/recommendations/{where}"


def test_the_token_is_the_browser_s_alone(client: Any) -> None:
    """The token's cookie is out of scripts' reach and goes with no request that another site starts."""
    cookie = client.get("/").headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_every_text_keeps_its_places(client: Any) -> None:
    """The pseudo language has every text in another form, with the same places; safety texts stay as written."""
    english, pseudo = texts_in(LANGUAGE), texts_in(PSEUDO)
    assert english.plain.keys() == pseudo.plain.keys()
    for key, text in english.plain.items():
        assert pseudo.plain[key] != text
        places = [name for _, name, _, _ in Formatter().parse(text)]
        assert [name for _, name, _, _ in Formatter().parse(pseudo.plain[key]) if name] == [n for n in places if n]
    assert english.safety == pseudo.safety
    assert not english.plain.keys() & english.safety.keys()


def test_no_chance_is_told_by_a_word_alone() -> None:
    """Terms of drug labels, which people read as far more than labels mean, and vague hedges stand in no text."""
    terms = re.compile(
        r"\b(?:(?:very |un)?common|rare(?:ly)?|unlikely|probabl[ey]|most likely|seems?)\b", re.IGNORECASE
    )
    english, sheet = texts_in(LANGUAGE), files("service") / "templates" / "sheet.html.j2"
    told = {**english.plain, **english.safety, **vars(plain_templates), "sheet": sheet.read_text(encoding="utf-8")}
    assert [name for name, text in told.items() if isinstance(text, str) and terms.search(text)] == []


def test_scripts_and_styles_are_light(client: Any) -> None:
    """Scripts and styles weigh at most 150 kB compressed, charts left aside, and are kept by their hash."""
    own = [one for name, one in load_assets().items() if not name.startswith("vega")]
    assert sum(len(gzip.compress(one.content)) for one in own) <= BEFORE_CHARTS
    for one in load_assets().values():
        got = client.get(one.address)
        assert got.content == one.content
        assert "immutable" in got.headers["cache-control"]
    assert client.get("/assets/0000000000000000/page.css").status_code == 404


@pytest.mark.parametrize("name", ["nothing", "00000000-0000-4000-8000-000000000000"])
def test_errors_are_pages(client: Any, name: str) -> None:
    """What does not exist is a page that says so, and not a problem document."""
    answer = client.get(f"/recommendations/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "No recommendation has this id" in answer.text


def test_what_is_vendored_is_what_was_written_down() -> None:
    """Every script of others is the file whose hash, version and licence stand in the book, its licence beside it."""
    vendor = files("service.pages") / "assets" / "vendor"
    book = json.loads((vendor / "vendor.lock").read_text(encoding="utf-8"))
    scripts = {file.name for file in vendor.iterdir() if file.name.endswith(".js")}
    assert scripts == {one["name"] for one in book}
    for one in book:
        content = (vendor / one["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert one["version"]
        assert one["licence"]
        assert (vendor / f"{one['package']}.LICENSE").is_file()
