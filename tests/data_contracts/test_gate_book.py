"""The book of gates: every mark stands there and nowhere else, and what is in force is part of a study's hash."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts import gate_marks
from data_contracts.gate import Waiver
from data_contracts.gate_book import GateBook, load_gates
from data_contracts.gate_marks import GateMarks
from data_contracts.protocol import StudyProtocol

ROOMS = Path(__file__).parents[2]
LEAST: dict[str, Any] = {
    "name": "least",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual_care", "offered": ["cbt"]},
    "outcome": {"column": "phq9", "direction": "lower_is_better", "unit": "points"},
    "effect_modifiers": ["age"],
}
MARKS = sorted(load_gates().marks)


def study_id(**marks: float | None) -> str:
    """The id of the least study under these marks."""
    return StudyProtocol.model_validate(LEAST | {"gates": marks}).study_id


def test_every_mark_of_a_study_stands_in_the_book_and_every_one_there_can_be_set() -> None:
    """The fields of a protocol's gates are the book's marks, name for name, and hold its values."""
    assert sorted(GateMarks.model_fields) == MARKS
    assert GateMarks().model_dump() == {name: mark.value for name, mark in load_gates().marks.items()}


def test_the_code_holds_no_mark() -> None:
    """No field of the marks has a number for a default, and nothing else in the rooms gives one a value."""
    assert all(field.default_factory is not None for field in GateMarks.model_fields.values())
    given = re.compile(rf"(?<!\.)\b({'|'.join(MARKS)})\b['\"]?\s*[:=]\s*(?:float\s*=\s*)?0*\.?0*[1-9]")
    paths = [path for room in ("data_contracts", "engine", "estimators", "experiments", "service")
             for path in (ROOMS / room).rglob("*.py")]  # fmt: skip
    found = {path.name: given.findall(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_of_the_protocols_own_is_another_study(name: str) -> None:
    """Overriding one mark changes the hash; saying the shipped value does not."""
    shipped = load_gates().marks[name].value
    assert study_id(**{name: shipped}) == study_id()
    assert study_id(**{name: shipped * 1.01}) != study_id()


def test_another_book_is_another_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the shipped mark changes, so does the hash of a protocol that says nothing of it."""
    before, book = study_id(), load_gates()
    other = book.marks["max_smd"].model_copy(update={"value": 0.2})
    changed = book.model_copy(update={"marks": book.marks | {"max_smd": other}})
    monkeypatch.setattr(gate_marks, "load_gates", lambda: changed)
    assert GateMarks().max_smd == 0.2
    assert study_id() != before
    assert study_id(max_smd=0.1) == before


def test_every_gate_but_one_that_refuses_has_a_mark_and_every_reason_is_said() -> None:
    """A gate without a number is one that is not judged by one; none stands without a reason."""
    book = load_gates()
    assert [name for name in book.gates if not book.marks_of(name)] == ["identification"]
    assert all(entry.why.endswith((".", "?")) for entry in (*book.gates.values(), *book.marks.values()))
    for entry in book.gates.values():
        assert entry.page is None or (ROOMS / "docs" / entry.page).is_file()


@pytest.mark.parametrize("name", load_gates().gates)
def test_only_a_gate_that_can_fail_is_waived(name: str) -> None:
    """One that refuses or only earns advice cannot be let go; the refusal names those that can."""
    if name in load_gates().waivable:
        assert Waiver(gate=name, by="A. Nalyst", why="known").gate == name
    else:
        with pytest.raises(ValidationError, match=r"only gates that can fail are waived: .*balance"):
            Waiver(gate=name, by="A. Nalyst", why="known")


def test_a_mark_of_a_gate_that_there_is_not_is_refused() -> None:
    """A renamed gate takes its marks along, or the book is no book."""
    content = load_gates().model_dump()
    content["marks"]["max_smd"]["gates"] = ["balanse"]
    with pytest.raises(ValidationError, match="balanse"):
        GateBook.model_validate(content)
