"""The analyst's pages: ask for a study, follow it, stop it, read its report."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from service.pages import study_form
from service.pages.forgery import FIELD

PROTOCOL = b"""\
name: asked-for
records: {patient_id: pid, arm: therapy}
arms: {reference: usual, offered: [cbt]}
outcome: {column: change, direction: higher_is_better, unit: points}
effect_modifiers: [age]
"""
ROWS = b"pid,therapy,change,age\nP1,cbt,3,44\n"
BYTES = {"Content-Type": "application/octet-stream"}
API = "/v1/studies"


def post(client: Any, protocol: bytes | None = PROTOCOL, table: bytes | None = ROWS, name: str = "my.csv") -> Any:
    """Send the form as a browser does, with the page's token."""
    found = re.search(rf'name="{FIELD}" value="([^"]+)"', client.get("/studies/new").text)
    assert found
    files = {"protocol": ("p.yaml", protocol), "table": (name, table)}
    given = {key: value for key, value in files.items() if value[1] is not None}
    return client.post("/studies", data={FIELD: found[1]}, files=given, follow_redirects=False)


def test_from_the_form_to_the_report(client: Any, send: Callable[..., Any]) -> None:
    """Asked for on the page, it is listed and followed; done by a worker, its report opens and promotion is told."""
    sent = post(client)
    assert sent.status_code == 303, sent.text
    where = sent.headers["location"]
    study = where.rsplit("/", 1)[1]
    waiting = client.get(where).text
    assert f'data-events="{where}/events"' in waiting
    assert f'href="{where}"' in client.get("/studies").text
    client.post(f"{API}/claim", json={"worker": "<b>w</b>"})
    client.put(f"{API}/{study}/report", params={"worker": "<b>w</b>"}, content=b"<h1>Found</h1>", headers=BYTES)
    client.post(f"{API}/{study}/end", json={"worker": "<b>w</b>", "exit_code": 0, "version": "3"})
    done = client.get(where).text
    assert "data-events" not in done
    assert "equipoise-lab promote asked-for 3" in done
    assert "&lt;b&gt;w&lt;/b&gt;" in done
    page = client.get(f"{where}/report")
    assert (page.text, page.headers["content-security-policy"][:8]) == ("<h1>Found</h1>", "sandbox;")
    assert send(f"{where}/remove").headers["location"] == "/studies"
    assert client.get(where).status_code == 404


def test_stopped_and_taken_up_on_the_page(client: Any, send: Callable[..., Any]) -> None:
    """The buttons of each state do what they say, and lead back to the study."""
    where = post(client).headers["location"]
    assert send(f"{where}/stop").headers["location"] == where
    assert "/resume" in client.get(where).text
    assert send(f"{where}/resume").headers["location"] == where
    assert "Waiting for a worker" in client.get(where).text
    assert send(f"{where}/resume").status_code == 409


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "a protocol with two strange keys": ({"protocol": PROTOCOL + b"typo: 1\nother: 2\n"}, 422, "other"),
    "no table": ({"table": None}, 422, "table"),
    "a sheet": ({"name": "my.xlsx"}, 422, ".parquet"),
    "a protocol in another encoding": ({"protocol": "näme".encode("utf-16")}, 422, "UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_a_study_is_a_page_that_says_why(client: Any, case: str) -> None:
    """Nothing is kept of it, and the page names what to mend."""
    given, status, told = BAD[case]
    answer = post(client, **given)
    assert answer.status_code == status
    assert told in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert client.get(API).json() == []


def test_another_site_cannot_send_the_form(client: Any) -> None:
    """Without the page's token nothing is kept."""
    files = {"protocol": ("p.yaml", PROTOCOL), "table": ("a.csv", ROWS)}
    assert client.post("/studies", files=files).status_code == 403
    assert client.get(API).json() == []


def test_a_table_never_touches_a_disk_on_its_way_in(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Larger than what Starlette keeps in memory, it is still not spooled into a file; above the limit it is a 413."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr("tempfile._mkstemp_inner", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert post(client, table=ROWS + b"P2,usual,1,50\n" * 200_000).status_code == 303
    monkeypatch.setattr(study_form, "MOST", 1000)
    assert post(client, table=b"x" * 2000).status_code == 413


def test_a_long_list_comes_in_pages(client: Any) -> None:
    """Fifty a page, the newest first; the next page has the rest."""
    for _ in range(51):
        assert client.post(API, json={"protocol": PROTOCOL.decode()}).status_code == 201
    first, second = client.get("/studies").text, client.get("/studies?page_number=2").text
    assert (first.count('<th scope="row">'), second.count('<th scope="row">')) == (50, 1)
    assert "page_number=2" in first
    assert "page_number=1" in second
