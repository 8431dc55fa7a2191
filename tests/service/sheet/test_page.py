"""The page: unranked, escaped, grey, self-contained, and readable without eyes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from data_contracts.recommendation import Reason
from data_contracts.therapy import load_therapies
from service.contact import Contact
from service.sheet_page import content_security_policy

HOSTILE = '"><script src="//evil.example/x.js">alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'
RANK_WORDS = (
    r"\brank\w*", r"\brecommend\w*", r"\bbest\b", r"\btop\b", r"\bsuperior\b", r"\bprefer\w*", r"\bwinner\b",
    r"\bmost effective\b", r"\bfirst[- ](line|choice|place)", r"\bscore\w*", r"\b(1st|2nd|3rd)\b", r"#1",
)  # fmt: skip


class Read(HTMLParser):
    """What a page holds: its elements with attributes, and its visible text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._style = False
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.elements.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        """A style ends."""
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        """Keep what is seen."""
        if not self._style:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is seen, on one line."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, **having: str) -> list[dict[str, str | None]]:
        """Attributes of the elements of a tag that have these."""
        found = [attributes for name, attributes in self.elements if name == tag]
        return [one for one in found if all(one.get(key) == value for key, value in having.items())]


@pytest.mark.parametrize("n", [1, 6, 12, 23])
def test_no_word_of_rank(case_of: Callable[..., Any], n: int) -> None:
    """Nothing that a patient reads, seen or spoken, ranks or recommends."""
    page = case_of(n).page().decode()
    body = page[page.index("<body>") :]
    assert [word for word in RANK_WORDS if re.search(word, body, re.I)] == []


def test_same_input_same_bytes(case_of: Callable[..., Any]) -> None:
    """A sheet can be made again to the byte."""
    assert case_of(5).page() == case_of(5).page()


def test_what_a_sheet_has_to_say(case_of: Callable[..., Any]) -> None:
    """Who stands for it, when and until when, that nobody uses it alone, that no trial exists, whom to call."""
    said = Read(case_of(3).page()).text
    for words in (
        "Reviewed by Dr A. Mbeki ( GP, licence 123456 ) on 1 March 2026",
        "Released by Dr A. Mbeki",
        "Use until 8 March 2026",
        "Please do not use it alone",
        "No randomised trial has tested whether this computer system helps anyone",
        "Crisis line : +00 000 000 ( day and night )",
        "What matters to me, and my questions",
        "What we chose, and why",
        "It may also be none of these",
        "Its order does not say what suits you",
        "Not yet checked against its source",
        "1,200 courses of treatment",
    ):
        assert words in said


@pytest.mark.parametrize("n", [4, 12, 23])
def test_every_drawing_has_its_numbers_in_words(case_of: Callable[..., Any], n: int) -> None:
    """A drawing holds 100 marks, as many of each shade as the numbers beside it and in its label say."""
    page = case_of(n).page().decode()
    drawings = re.findall(r'<svg class="array".*?</svg>', page, re.S)
    assert len(drawings) == 2 * n
    gain = drawings[0]
    assert 'role="img" aria-label="felt much better: about 52 of 100 people, between 45 and 61"' in gain
    assert [gain.count(f'class="{shade}"') for shade in ("sure", "maybe", "not")] == [45, 16, 39]
    assert page.count("about <b>52</b> (45 to 61)") == n
    places = re.findall(r'x="(\d+)" y="(\d+)"', gain)
    assert len(set(places)) == 100


def test_structure(case_of: Callable[..., Any]) -> None:
    """Language, one main heading before the others, a table whose heads name rows and columns."""
    read = Read(case_of(4).page())
    assert read.all("html", lang="en")
    headings = [tag for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    assert headings == ["h1", "h2", "h2", "h2"]
    assert len(read.all("table")) == len(read.all("caption")) == 1
    assert (len(read.all("th", scope="col")), len(read.all("th", scope="row"))) == (3, 4)
    assert all(one.get("role") == "img" or one.get("aria-hidden") == "true" for one in read.all("svg"))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {one["aria-labelledby"] for _, one in read.elements if "aria-labelledby" in one} <= set(ids)


def test_only_greys(case_of: Callable[..., Any]) -> None:
    """Shades and words carry the meaning: every colour of the page is a grey."""
    page = case_of(4).page().decode()
    colours = re.findall(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", page[: page.index("</style>")])
    assert len(colours) > 10
    assert [one for one in colours if len({*(one if len(one) == 3 else re.findall("..", one))}) > 1] == []
    assert not re.search(r"\b(rgb|hsl|lab|lch|color-mix|oklch)a?\(", page)
    assert set(re.findall(r'(?:fill|stroke|color|background)(?:: ?|=")([a-z]+)', page)) <= {"none"}


def test_shades_are_apart(case_of: Callable[..., Any]) -> None:
    """The three kinds of marks differ enough in lightness to be told apart on a poor printer."""
    page = case_of(1).page().decode()
    light = [
        int(re.search(rf"\.{shade} {{ fill: #(..)", page).group(1).ljust(2, "f"), 16)  # type: ignore[union-attr]
        for shade in ("sure", "maybe", "not")
    ]
    assert light[1] - light[0] > 60
    assert light[2] - light[1] > 60


def test_nothing_from_elsewhere(case_of: Callable[..., Any]) -> None:
    """No script, no event handler, no form, no address, no style but its own: the file is all there is."""
    read = Read(case_of(6).page())
    text = case_of(6).page().decode()
    assert not re.search(r"https?:|//[a-z]|url\(|@import|javascript:|data:", text, re.I)
    forbidden = {"script", "link", "img", "iframe", "object", "embed", "form", "input", "button", "a", "base"}
    assert {tag for tag, _ in read.elements} & forbidden == set()
    names = {name for _, attributes in read.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "action", "srcset")]
    assert {one["href"] for one in read.all("use")} == {"#p"}


def test_hostile_texts_stay_texts(kit: Any) -> None:
    """Names of arms, people, contacts, side effects and patients are shown as they are, and nothing of them runs."""
    ruled_out = f"{HOSTILE} too"
    manifest = kit.manifest({HOSTILE: None, ruled_out: None})
    noted = manifest.secondary[-1].model_copy(update={"side_effect": HOSTILE})
    manifest = manifest.model_copy(update={"secondary": (*manifest.secondary[:-1], noted)})
    arms = [
        kit.advice(HOSTILE, label=HOSTILE, counts=kit.counted),
        kit.advice(ruled_out, label=ruled_out, reason=Reason.EXCLUDED),
    ]
    contact = Contact(name=HOSTILE, phone=HOSTILE, when=HOSTILE)
    case = kit.case(arms, manifest, by=HOSTILE, role=HOSTILE, patient_id=HOSTILE, contacts=(contact,))
    read = Read(case.page())
    assert {tag for tag, _ in read.elements} & {"script", "img"} == set()
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert read.text.count(HOSTILE) == 11
    assert "49" not in read.text


def test_reasons_of_the_clinician_stay_with_the_clinician(kit: Any) -> None:
    """Why an arm was ruled out is between clinician and patient, and not on paper."""
    arms = [
        kit.advice("cbt", counts=kit.counted),
        replace(kit.advice("ssri", reason=Reason.SAFETY), flags=("PREG-01",), sentence="Secret sentence."),
    ]
    said = Read(kit.case(arms, kit.manifest({"cbt": "CBT", "ssri": "SSRI"})).page()).text
    assert "Secret" not in said
    assert "PREG-01" not in said
    assert f"Not for you at present: {load_therapies()['SSRI'].plain_name}" in said


def test_policy_of_content(case_of: Callable[..., Any]) -> None:
    """A browser may apply the page's own style and do nothing else; the file says so too."""
    page = case_of(2).page()
    policy = content_security_policy(page)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert re.search(r"sha256-[^']+", policy).group() in page.decode()  # type: ignore[union-attr]
