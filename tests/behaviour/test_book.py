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
from data_contracts.rule_trigger import Condition
from engine.data_checks import HEAD
from engine.rule_examples import outcome_of

BOOK = runpy.run_path(str(Path(__file__).with_name("book.py")))
FURTHER_SOURCES = {
    *("epds_item10", "clinician_concern", "mdq_positive", "cssrs_q6_lifetime", "cssrs_q6_past_3_months"),
    *(f"cssrs_q{at}" for at in range(1, 6)),
}
"""Facts that rules read where they are given and never ask for."""
SILENT: dict[str, Any] = BOOK["CLINIC"]["KNOWN"] | {
    "phq9_change": -27,
    "gad7_change": -21,
    "phq9_total": 27,
    "age": 58,
}
"""Answers to all facts by which no rule on arms or course fires, if what the patient is known for is left out."""
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


@pytest.mark.parametrize("rule", load_rules().rules, ids=lambda rule: rule.id)
def test_every_case_of_a_rule_has_an_example_of_its_own(rule: Rule) -> None:
    """Without any one of its cases, or of the conditions of a case, the rule would not do what its examples say."""
    for at, case in enumerate(rule.any_of):
        others = (*rule.any_of[:at], *rule.any_of[at + 1 :])
        without = [others] if others else []
        for condition in case.all_of if len(case.all_of) > 1 else ():
            left = tuple(one for one in case.all_of if one is not condition)
            without.append((*rule.any_of[:at], case.model_copy(update={"all_of": left}), *rule.any_of[at + 1 :]))
        for cases in without:
            poorer = rule.model_copy(update={"any_of": cases})
            assert any(outcome_of(load_rules(), poorer, example) != example.expect for example in rule.examples), cases


@pytest.mark.parametrize("rule", [rule for rule in load_rules().rules if rule.on_unknown != "nothing"])
def test_every_fact_of_a_rule_is_asked_for(rule: Rule) -> None:
    """Where nothing else speaks for it, not knowing one of a rule's facts does what the rule says of the unknown."""
    example = next(one for one in rule.examples if one.expect == rule.on_unknown)
    for fact in set(rule.facts) - FURTHER_SOURCES:
        case = next(case for case in rule.any_of if fact in case.facts)
        silent = SILENT | {part.fact: _holding(part) for part in case.all_of if part.fact != fact}
        given = {name: value for name, value in silent.items() if name in rule.facts and name != fact}
        asked = example.model_copy(update={"given": given})
        assert outcome_of(load_rules(), rule, asked) == rule.on_unknown, fact


def _holding(part: Condition) -> Any:
    return part.value if part.value is not None else part.op.removeprefix("is_")


def test_every_code_and_every_rule_has_a_row() -> None:
    """No abstention code, data query, tie or rule is without a situation or an example."""
    expected = [row["expect"] for row in BOOK["situations"]()]
    codes = {code for one in expected for code in one.get("reasons", {})}
    assert codes == {reason.value for reason in Reason}
    queries = {query for one in expected for query in one.get("queries", [])}
    assert queries == {one.id for one in load_contradictions()} | set(HEAD)
    assert any(one.get("tied") for one in expected)
    assert {rule.id for rule, _ in EXAMPLES} == {rule.id for rule in load_rules().rules}


def test_the_page_is_the_book() -> None:
    """docs/behaviour.md is what `python tests/behaviour/book.py` writes."""
    assert BOOK["PAGE"].read_text(encoding="utf-8") == BOOK["render"]()
