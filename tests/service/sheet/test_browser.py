"""The sheet in a real browser: one side of A4, nothing asked of the network, its policy of content holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from service.contact import Contact
from service.sheet_page import content_security_policy

ADDRESS = "http://sheet.test/"


def opened(browser: Any, page: bytes) -> tuple[Any, list[str], list[str]]:
    """A tab that shows the page under the service's own headers, its requests and its complaints."""
    tab = browser.new_page(viewport={"width": 900, "height": 1300})
    requests: list[str] = []
    complaints: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    headers = {"Content-Security-Policy": content_security_policy(page), "Content-Type": "text/html; charset=utf-8"}
    tab.route("**/*", lambda route: route.fulfill(body=page, headers=headers))
    tab.goto(ADDRESS)
    return tab, requests, complaints


def pages(tab: Any) -> int:
    """How many sides the page prints to."""
    document: bytes = tab.pdf(prefer_css_page_size=True, print_background=True)
    return len(re.findall(rb"/Type\s*/Page[^s]", document))


LONG = "Dr " + "Wolfeschlegelsteinhausen " * 5
CONTACTS = tuple(
    Contact(name=f"The regional crisis line, number {i}", phone="+00 000 000 000", when="day and night, every day")
    for i in range(4)
)


@pytest.mark.parametrize("n", [1, 5, 7, 9, 10, 12, 16, 23])
def test_one_side_of_a4(browser: Any, case_of: Callable[..., Any], n: int) -> None:
    """From one therapy to the whole catalogue, with long names and many contacts too, the sheet is one side."""
    tab, _, _ = opened(browser, case_of(n, by=LONG.strip(), role=LONG.strip(), contacts=CONTACTS).page())
    assert pages(tab) == 1
    tab.close()


@pytest.mark.parametrize("n", [4, 12])
def test_one_side_without_counts(browser: Any, case_of: Callable[..., Any], n: int) -> None:
    """Where nothing is counted there is one column of words, and still one side."""
    tab, _, _ = opened(browser, case_of(n, counts={}).page())
    assert pages(tab) == 1
    tab.close()


def test_it_asks_nothing_of_the_network(browser: Any, case_of: Callable[..., Any]) -> None:
    """The one request is the page itself, nothing breaks its own policy, and its style is applied."""
    tab, requests, complaints = opened(browser, case_of(5).page())
    assert requests == [ADDRESS]
    assert complaints == []
    assert tab.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
    tab.close()


def test_what_is_injected_does_not_run(browser: Any, case_of: Callable[..., Any]) -> None:
    """Even if a script found its way into a page, the policy that goes with it would not let it run."""
    page = case_of(2).page().replace(b"</body>", b"<script>document.title = 'owned'</script></body>")
    tab, _, complaints = opened(browser, page)
    assert tab.title() == "Choosing a treatment together"
    assert complaints
    tab.close()


def test_nothing_is_cut_off(browser: Any, case_of: Callable[..., Any]) -> None:
    """No text runs out of the page at its side, with the longest words that a name may hold."""
    tab, _, _ = opened(browser, case_of(6, by="x" * 200, role="y" * 200, patient_id="z" * 200).page())
    tab.emulate_media(media="print")
    assert tab.evaluate("document.body.scrollWidth <= document.body.clientWidth")
    tab.close()


def test_every_drawing_is_named_for_those_who_listen(browser: Any, case_of: Callable[..., Any]) -> None:
    """The browser itself computes a name for every drawing and a header for every row of the table."""
    tab, _, _ = opened(browser, case_of(3).page())
    drawings = tab.get_by_role("img", name=re.compile(r"about \d+ of 100 people, between \d+ and \d+"))
    assert drawings.count() == 6
    assert tab.get_by_role("rowheader").count() == 3
    assert tab.get_by_role("columnheader").count() == 3
    tab.close()
