"""The behaviour book holds, and its page says what it says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from data_contracts.rule import Example, Rule
from data_contracts.rule_file import load_rules
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


def test_the_page_is_the_book() -> None:
    """docs/behaviour.md is what `python tests/behaviour/book.py` writes."""
    assert BOOK["PAGE"].read_text(encoding="utf-8") == BOOK["render"]()
