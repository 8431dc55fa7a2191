"""Runs the examples that a rule brings with it, each for its rule alone."""

from __future__ import annotations

from collections.abc import Iterator

from data_contracts.errors import Problem
from data_contracts.profile import PatientProfile
from data_contracts.rule import Effect, Example, Rule, RuleSet, Undecided
from data_contracts.therapy import therapy_for
from engine.fact_readings import answers_of
from engine.rule_book import ready
from engine.ruling import rule_on

SOME_ARM = "ssri"
"""The arm of an example that names none."""


def example_problems(rules: RuleSet) -> Iterator[Problem]:
    """Examples whose outcome is another than they say."""
    for rule in rules.rules:
        for number, example in enumerate(rule.examples, start=1):
            found = outcome_of(rules, rule, example)
            if found != example.expect:
                where = f"rule {rule.id}, example {number}"
                yield Problem(where, example.expect, found, "Correct the rule or the example.")


def outcome_of(rules: RuleSet, rule: Rule, example: Example) -> Effect | Undecided:
    """What a rule alone says in an example's situation."""
    arm = example.arm or SOME_ARM
    therapy = therapy_for(arm, {})
    alone = rules.model_copy(update={"rules": (rule,)})
    book = ready(alone, ((arm, therapy.key if therapy else None),), None, None)
    ruling = rule_on(book, answers_of(PatientProfile(patient_id="example", values=example.given), book))
    if ruling.removed[0]:
        return "remove"
    if ruling.flags[0]:
        return "flag"
    return ruling.safety.findings[0].kind if ruling.safety.findings else "nothing"
