"""The analyst's pages on models: which there are, their gates, reports and promotions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_contracts.gate import Gate, GateState, Waiver, at_least
from data_contracts.gate_book import load_gates
from service.catalogue.shelf import shelf
from service.pages.gate_picture import MIDDLE, gate_picture, place_of
from service.pages.promoting import promoting
from service.pages.texts import texts_in

Files = Callable[..., dict[str, bytes]]
MakeGate = Callable[..., Gate]
WAIVER = Waiver(gate="equipoise", by="W. Aiver", why="few such patients")
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}'


def test_one_model_from_its_list_to_its_command(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any], gate: MakeGate
) -> None:
    """Listed with champion and challenger, who promoted it and why; a version shows gates, report, card, command."""
    registry.study(run_files())
    registry.move("champion", "1", "Ana Lyst", "read the report")
    registry.study(run_files(gates=(gate("balance"), gate("equipoise", "waived", waiver=WAIVER))))
    brought()
    listed = client.get("/models").text
    assert 'href="/models/tiny"' in listed
    assert "Ana Lyst" in listed
    model = client.get("/models/tiny").text
    assert "read the report" in model
    assert model.count("chip alias champion") >= 2
    version = client.get("/models/tiny/2").text
    assert "equipoise-lab promote tiny 2 --accept-waiver equipoise --by &#34;&#34; --why &#34;&#34;" in version
    assert "W. Aiver" in version
    for part in ("report", "card"):
        assert "<iframe" in client.get(f"/models/tiny/2/{part}").text
    report = client.get("/models/tiny/2/files/report.html")
    assert (report.text, report.headers["content-security-policy"][:8]) == ("<h1>Report</h1>", "sandbox;")
    assert client.get("/models/tiny/2/files/gates.json").headers["content-type"] == "application/json"


def test_every_state_has_a_shape_and_a_word(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any], every_state: Any
) -> None:
    """Five states, five shapes, five words; what failed cannot be promoted, and no command is told."""
    registry.study(run_files(gates=every_state))
    brought()
    page = client.get("/models/tiny/1").text
    told = {"passed": "passed", "failed": "failed", "waived": "waived", "unearned": "not earned"}
    for state, word in (told | {"not_assessed": "not assessed"}).items():
        assert re.search(rf'gate-state {state}"><svg [^>]*><use href="#gate-{state}"/></svg> {word}<', page)
        assert f'symbol id="gate-{state}"' in page
    assert "It cannot become champion" in page
    assert "equipoise-lab promote" not in page


def test_the_picture_puts_a_figure_on_its_side_of_the_mark(gate: MakeGate) -> None:
    """Right of the middle the mark is met, at most or at least; farther is farther, and nothing leaves the picture."""
    for one, side in ((gate("balance", value=0.05), 1), (gate("balance", value=0.2), -1)):
        place = place_of(one)
        assert place is not None
        assert (place.value - MIDDLE) * side > 0
    asked = at_least(0.2)
    places = [place_of(gate("equipoise", value=value, asked=asked)) for value in (-1e9, 0.1, 0.2, 0.3, 1e9)]
    values = [place.value for place in places if place]
    assert values == sorted(set(values))
    assert values[2] == MIDDLE
    assert values[0] >= 0
    assert values[-1] <= 100
    spread = place_of(gate("balance", value=0.05, lower=0.0, upper=0.3))
    assert spread is not None
    assert spread.lower < MIDDLE < spread.value < spread.upper
    nought = place_of(gate("policy_value", value=0.0, lower=0.0, upper=0.0, asked=at_least(0)))
    assert nought is not None
    assert nought.value == MIDDLE
    assert place_of(gate("negative_controls", value=None)) is None


def test_gates_stand_in_the_order_of_a_study(gate: MakeGate) -> None:
    """Every gate of the book stands under when it is judged; one that this version does not know stands last."""
    picture = gate_picture([gate(name) for name in (*load_gates().gates, "of_later")])
    told = [(phase, row.gate.name) for phase, rows in picture.phases for row in rows]
    assert [name for _, name in told] == [*load_gates().gates, "of_later"]
    assert {phase for phase, _ in told} == {"design", "effects", "attack"}


def test_a_command_is_safe_to_paste(gate: MakeGate) -> None:
    """Whatever a model or a gate is called, a shell reads its name as one word."""
    asked = promoting("a; rm -rf ~", "1", [gate(name) for name in load_gates().gates], champion=False)
    assert asked.command == 'equipoise-lab promote \'a; rm -rf ~\' 1 --by "" --why ""'


@pytest.mark.parametrize(("state", "stands"), [("failed", "failed"), ("passed", "unjudged")])
def test_no_command_where_it_would_be_refused(gate: MakeGate, state: GateState, stands: str) -> None:
    """What failed a gate, or was never put to one, is not offered for promotion, and the page names the gates."""
    asked = promoting("a", "1", [gate("balance", state)], champion=False)
    assert (asked.stands, asked.command) == (stands, "")
    assert ("leakage" in asked.against) == (stands == "unjudged")


def test_hostile_words_are_text(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any], gate: MakeGate
) -> None:
    """Names, reasons, sentences, arms and columns that look like a page's source stand in every page as text."""
    waiver = Waiver(gate="equipoise", by=HOSTILE, why=HOSTILE)
    gates = (gate("equipoise", "waived", waiver=waiver, mark=HOSTILE, sentence=HOSTILE),)
    registry.study(run_files(gates=gates), by=HOSTILE)
    registry.move("champion", "1", HOSTILE, HOSTILE, waivers=(HOSTILE,))
    brought()
    for address in ("/models", "/models/tiny", "/models/tiny/1"):
        page = client.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "{{7*7}}" in page.text or "&lt;script&gt;" in page.text


def test_what_cannot_be_shown_says_why(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """No model, no version, no signed report, a version that does not verify: each is a page that says what to do."""
    assert "equipoise pull NAME" in client.get("/models").text
    registry.study(run_files(), files={})
    bad = run_files()
    bad["policy/signature"] = b"no"
    registry.study(bad)
    brought()
    assert "Nothing signed speaks of this version&#39;s report.html" in client.get("/models/tiny/1/report").text
    assert client.get("/models/tiny/1/files/report.html").status_code == 404
    assert "Not shown." in client.get("/models/tiny").text
    for address, status in (("/models/none", 404), ("/models/tiny/9", 404), ("/models/tiny/2", 404)):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html")
    assert client.get("/models/tiny/1/files/signature").status_code == 404


@pytest.mark.parametrize("number", ["2", "999999999999999999999999"])
def test_past_the_end_of_a_list_is_told(
    number: str, client: Any, registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """A number past the end, however large, says so with 404 and leads to the first page; one below 1 is the first."""
    registry.study(run_files())
    brought()
    for address in ("/models", "/models/tiny", "/studies"):
        answer = client.get(f"{address}?page_number={number}")
        assert answer.status_code == 404
        assert "This list ends before page" in answer.text
        assert f'<a class="button" href="{address}">' in answer.text
        assert client.get(f"{address}?page_number=-3").status_code == 200


def test_the_frame_tells_its_language(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """Report and card are marked as English; a page in another language says so, an English one does not."""
    registry.study(run_files())
    brought()
    for part in ("report", "card"):
        told = client.get(f"/models/tiny/1/{part}", headers={"Accept-Language": "en-XA"}).text
        assert 'class="paper" lang="en"' in told
        assert texts_in("en-XA")("models.frame_english").split(":")[0] in told
        assert "This document is in English" not in client.get(f"/models/tiny/1/{part}").text


def test_a_broken_note_hides_no_other_model(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """A model whose note on this disk cannot be read is left out of the list, and comes back with the next pull."""
    registry.study(run_files())
    brought()
    (shelf("broken") / "model.json").parent.mkdir()
    (shelf("broken") / "model.json").write_text("{")
    listed = client.get("/models")
    assert listed.status_code == 200
    assert "/models/tiny" in listed.text
    (shelf("tiny") / "model.json").write_text("{")
    assert client.get("/models/tiny").status_code == 404
    brought()
    assert client.get("/models/tiny").status_code == 200


def test_reading_is_remembered(
    client: Any, registry: Any, run_files: Files, brought: Callable[[], Any], store: Any
) -> None:
    """Who read which part of which version stands in the audit."""
    registry.study(run_files())
    brought()
    for address in ("/models", "/models/tiny", "/models/tiny/1", "/models/tiny/1/files/report.html"):
        client.get(address)
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq").scalars()
        details = [json.loads(row)["detail"] for row in rows][-4:]
    assert [one["what"] for one in details] == ["models", "model", "gates", "report.html"]
    assert details[-1] | {"model": "tiny", "version": "1"} == details[-1]


@pytest.mark.parametrize("address", ["/models", "/models/tiny"])
def test_a_list_ten_times_as_long_costs_no_more(
    address: str, client: Any, registry: Any, run_files: Files, brought: Callable[[], Any], monkeypatch: Any
) -> None:
    """Of 500 versions a page opens as many files as of 50: it opens those of what it shows."""
    opened: list[str] = []
    read = Path.read_bytes

    def counting(path: Path) -> bytes:
        if "catalogue" in path.parts:
            opened.append(path.name)
        return read(path)

    files = run_files()
    counts = []
    for total in (50, 500):
        while len(registry.runs) < total:
            registry.study(files)
        brought()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_bytes", counting)
            opened.clear()
            assert client.get(address).status_code == 200
            counts.append(len(opened))
    assert counts[0] >= 4
    assert counts[1] <= counts[0] + 2
