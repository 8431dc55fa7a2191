"""Gates are told with their reasons: those that a study tells are those of the book, and none stands there unused."""

from __future__ import annotations

import json
from typing import Any

from data_contracts.gate_book import load_gates


def test_a_study_tells_every_gate_of_the_book_and_no_other(registry: Any) -> None:
    """In the book's order, each with its reason; and each mark with value, reason and source."""
    told = json.loads((registry.out / "gates.json").read_text(encoding="utf-8"))
    book = load_gates()
    assert [gate["name"] for gate in told["gates"]] == list(book.gates)
    assert {gate["name"]: gate["why"] for gate in told["gates"]} == {
        name: entry.why for name, entry in book.gates.items()
    }
    marks = {mark["name"]: mark for mark in told["marks"]}
    assert list(marks) == list(book.marks)
    for name, entry in book.marks.items():
        found = marks[name]
        assert (found["value"], found["shipped"], found["why"]) == (entry.value, entry.value, entry.why)
        assert (found["unit"], found["direction"], found["source"]) == (entry.unit, entry.direction, entry.source)


def test_the_report_shows_each_mark_with_its_reason(registry: Any) -> None:
    """Page and JSON hold every reason of a gate and of a mark; no mark is called the protocol's own."""
    page = (registry.out / "report.html").read_text(encoding="utf-8")
    told = json.loads((registry.out / "report.json").read_text(encoding="utf-8"))
    plain = page.replace("&#39;", "'")
    for entry in (*load_gates().gates.values(), *load_gates().marks.values()):
        assert entry.why in plain
    assert "protocol's own</strong>" not in plain
    assert [mark["name"] for mark in told["marks"]] == list(load_gates().marks)


def test_a_fit_tells_all_but_attacks(result: Any) -> None:
    """A fit judges the design and the effects, and leaves attacks to a study."""
    wanted = [name for name, entry in load_gates().gates.items() if entry.judged != "attack"]
    assert [gate.name for gate in result.gates] == wanted
