"""Documents of a version in a real browser: their own styles count, told by hashes, and nothing else does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from experiments.report.drawing import picture
from experiments.report.one_style import one_style
from experiments.report.screens import themed
from service.foreign_document import MOST, foreign_headers

WHERE = "/models/tiny/1/files/report.html"
OLD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>t</title><style>
 p { color: rgb(1, 2, 3) } </style></head>
<body><p id="p">A</p><b id="b" style="color: rgb(4, 5, 6); content: &quot;&amp;&quot;">B</b></body></html>
"""
"""As documents of before are: a style attribute beside the element."""

HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>t</title><style>
p { margin: 0 }
</style></head>"""


def drawn() -> str:
    """A document of the lab, with a drawing whose text is hostile."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#0b5a94")
        axes.set_title('</text><b style="x"> style="y" & class="z"')

    drawings = [themed(picture(name, "two", 2.0, draw)) for name in ("one", "two")]
    return f"{HEAD}<body><p id='p'>A</p>{''.join(drawings)}</body></html>\n"


@pytest.fixture
def shown(
    watched: Callable[..., Any], registry: Any, run_files: Callable[..., dict[str, bytes]], brought: Callable[[], Any]
) -> Callable[[str], Any]:
    """Open a version's report by itself and inside its page; a browser that has had no complaint."""

    def show(report: str) -> Any:
        registry.study(run_files() | {"report.html": report.encode()})
        brought()
        one = watched()
        one.open("/models/tiny/1/report")
        one.tab.frame_locator("iframe").locator("#p").wait_for()
        one.calm()
        one.open(WHERE)
        one.calm()
        return one

    return show


def test_what_the_lab_writes_needs_one_hash(shown: Callable[[str], Any], browser: Any) -> None:
    """A document with drawings is served with the hash of one style element, and looks as it does without a policy."""
    plain, written = drawn(), one_style(drawn())
    assert re.findall(r'<[a-zA-Z][^<>]* style="', written) == []
    one = shown(written)
    policy = one.tab.request.get(one.address + WHERE).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 1
    free = browser.new_page()
    free.set_content(plain)
    assert one.tab.screenshot() == free.screenshot()
    free.close()


def test_documents_of_before_look_as_they_did(shown: Callable[[str], Any]) -> None:
    """Style attributes of a document that was signed before count by their hashes, as they stand, with entities."""
    tab = shown(OLD).tab
    colours = "['p', 'b'].map(id => getComputedStyle(document.getElementById(id)).color)"
    assert tab.evaluate(colours) == ["rgb(1, 2, 3)", "rgb(4, 5, 6)"]


def test_what_the_document_does_not_hold_does_not_count(watched: Callable[..., Any]) -> None:
    """A style that came into a document on its way is refused, as is every inline style without a hash."""
    one = watched()
    headers = foreign_headers(OLD.encode()) | {"content-type": "text/html"}
    changed = OLD.replace("<b ", "<i id='i' style='color: red'>I</i><style>p { color: red }</style><b ")
    one.tab.route("**/changed", lambda route: route.fulfill(body=changed, headers=headers))
    one.open("/changed")
    assert one.tab.evaluate("getComputedStyle(document.getElementById('p')).color") == "rgb(1, 2, 3)"
    assert one.tab.evaluate("getComputedStyle(document.getElementById('i')).color") == "rgb(0, 0, 0)"
    assert len(one.complaints) == 2


def test_the_header_has_an_end() -> None:
    """A document with a thousand styles gets a hundred hashes, its elements first; one without any gets none."""
    many = "".join(f'<b style="top: {i}px">' for i in range(1000))
    policy = foreign_headers(f"{many}<style>p {{}}</style>".encode())["Content-Security-Policy"]
    assert policy.count("'sha256-") == MOST
    assert policy.index("'sha256-") < policy.index("'unsafe-hashes'")
    assert "style-src 'none'" in foreign_headers(b"<p>A</p>")["Content-Security-Policy"]
