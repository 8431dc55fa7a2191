"""The behaviour book holds, and its page says what it says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from data_contracts.contradiction import load_contradictions
from data_contracts.recommendation import Reason
from data_contracts.rule import Example, Rule
from data_contracts.rule_file import load_rules
from engine.data_checks import HEAD
from engine.rule_examples import outcome_of

BOOK = runpy.run_path(str(Path(__file__).with_name("book.py")))
EXAMPLES = [(rule, example) for rule in load_rules().rules for example in rule.examples]


@pytest.mark.parametrize("row", BOOK["situations"](), ids=lambda row: row["situation"])
def test_a_situation_is_answered_as_the_book_says(row: dict[str, Any]) -> None:
    """Every part of the answer that the situation names is exactly so."""
    found = BOOK["found_in"](BOOK["answer_to"](row))
    expected = dict(row["expect"])
    assert expected.pop("says", "") in found["says"]
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda one: getattr(one, "id", ""))
def test_a_rule_does_what_its_example_says(rule: Rule, example: Example) -> None:
    """Each rule fires where its examples say so, and only there."""
    assert outcome_of(load_rules(), rule, example) == example.expect


def test_every_code_and_every_rule_has_a_row() -> None:
    """No abstention code, data query, tie or rule is without a situation or an example."""
    expected = [row["expect"] for row in BOOK["situations"]()]
    codes = {code for one in expected for code in one.get("reasons", {})}
    assert codes >= {reason.value for reason in Reason} - {"EXCLUDED"}
    queries = {query for one in expected for query in one.get("queries", [])}
    assert queries == {one.id for one in load_contradictions()} | set(HEAD)
    assert any(one.get("tied") for one in expected)
    assert {rule.id for rule, _ in EXAMPLES} == {rule.id for rule in load_rules().rules}


def test_the_page_is_the_book() -> None:
    """docs/behaviour.md is what `python tests/behaviour/book.py` writes."""
    assert BOOK["PAGE"].read_text(encoding="utf-8") == BOOK["render"]()
