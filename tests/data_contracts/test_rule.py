"""The safety minimum: three rules, their facts, and what may not be written into a rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts.errors import BadInput
from data_contracts.fact import FACTS
from data_contracts.protocol_file import parse_document
from data_contracts.rule import Condition, Rule, RuleSet, load_rules

RULES = {rule.id: rule for rule in load_rules().rules}

SPELLED_OUT = [
    ("AGE-01", {("age", "lt", 18.0)}, "refuse", False, "assess_first"),
    (
        "SI-03",
        {("cssrs_q4", "is_yes", None), ("cssrs_q5", "is_yes", None), ("cssrs_q6_past_3_months", "is_yes", None)},
        "refuse",
        False,
        "nothing",
    ),
    ("SI-01", {("phq9_item9", "ge", 1.0)}, "assess_first", True, "assess_first"),
]

A_RULE: dict[str, Any] = {
    "id": "TEST-01",
    "version": 1,
    "any_of": [{"fact": "age", "op": "lt", "value": 18}],
    "effect": "refuse",
    "on_unknown": "assess_first",
    "sentence": "A sentence.",
    "ask": "A question?",
    "citation": "A source",
    "owner": "somebody",
    "review_by": "2027-05-31",
    "verified": False,
}


@pytest.mark.parametrize(("name", "conditions", "effect", "awaits", "on_unknown"), SPELLED_OUT)
def test_the_three_rules_say_what_the_safety_case_says(
    name: str, conditions: set[tuple[str, str, float | None]], effect: str, awaits: bool, on_unknown: str
) -> None:
    """Trigger, effect, waiting and the handling of unknown facts are exactly those decided."""
    rule = RULES[name]
    assert {(condition.fact, condition.op, condition.value) for condition in rule.any_of} == conditions
    assert (rule.effect, rule.await_acknowledgement, rule.on_unknown) == (effect, awaits, on_unknown)
    assert rule.reason == "SAFETY"


def test_the_safety_minimum_holds_these_rules_and_no_others() -> None:
    """A rule that comes or goes has to be written down here as well."""
    assert list(RULES) == [row[0] for row in SPELLED_OUT]


def test_every_declared_fact_is_used_by_a_rule() -> None:
    """No fact is asked of a clinician for nothing, and no rule needs one that is not declared."""
    assert set(load_rules().facts) == set(FACTS)


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_a_rule_names_its_source_its_owner_and_its_review(rule: Rule) -> None:
    """Nobody has to guess where a rule comes from and who answers for it."""
    assert rule.citation
    assert rule.owner
    assert rule.review_by > date(2026, 11, 22)


def test_a_rule_is_overdue_from_the_day_after_its_review() -> None:
    """The day of the review itself is still in time."""
    last = max(rule.review_by for rule in RULES.values())
    assert load_rules().overdue(min(rule.review_by for rule in RULES.values())) == ()
    assert len(load_rules().overdue(last + timedelta(days=1))) == len(RULES)


@pytest.mark.parametrize(
    "change",
    [
        {"any_of": []},
        {"any_of": [{"fact": "weight", "op": "lt", "value": 18}]},
        {"any_of": [{"fact": "age", "op": "is_yes"}]},
        {"any_of": [{"fact": "age", "op": "lt"}]},
        {"any_of": [{"fact": "cssrs_q4", "op": "ge", "value": 1}]},
        {"any_of": [{"fact": "cssrs_q4", "op": "is_yes", "value": 1}]},
        {"await_acknowledgement": True},
        {"ask": None},
        {"on_unknown": "nothing"},
        {"on_unknown": "absent"},
        {"effect": "remove"},
        {"citation": ""},
        {"review_by": "soon"},
        {"comment": "an unknown key"},
    ],
    ids=str,
)
def test_a_rule_that_contradicts_itself_is_not_read(change: dict[str, Any]) -> None:
    """A condition fits its fact, only an assessment is waited for, and a question stands where one is asked."""
    Rule.model_validate(A_RULE)
    with pytest.raises(BadInput):
        parse_document(Rule, A_RULE | change, where="a rule")


def test_an_id_stands_once_in_a_rule_set() -> None:
    """Two rules of one name could not be told apart in the audit."""
    with pytest.raises(BadInput, match="once"):
        parse_document(RuleSet, {"version": 1, "rules": [A_RULE, A_RULE]}, where="rules")


def test_rules_are_read_once_and_cannot_be_changed() -> None:
    """Serving reads the same frozen object every time."""
    assert load_rules() is load_rules()
    with pytest.raises(ValidationError):
        setattr(RULES["SI-01"], "await_acknowledgement", False)  # noqa: B010
    assert isinstance(load_rules().rules[0].any_of[0], Condition)
