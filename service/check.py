"""`equipoise check`: are the safety rules readable, do their examples hold, and are their sources still current?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from data_contracts.errors import BadInput, Overdue
from data_contracts.rule import Rule, RuleSet
from data_contracts.rule_file import load_rules, read_rules
from engine.rule_examples import example_problems
from service.console import tell, warn

WARNING_DAYS = 60
"""How long before its review a rule is warned of."""


def check(folder: Path | None, today: date) -> int:
    """Read, run the examples, look at the clock.

    Args:
        folder: with `set.yaml`; None for the rules that are part of this package.
        today: the day to judge by.

    Raises:
        BadInput: the files are no rules, or an example comes out otherwise; all problems are listed.
        Overdue: rules are past their review; they fire all the same.
    """
    rules = load_rules() if folder is None else read_rules(folder)
    if problems := list(example_problems(rules)):
        raise BadInput(problems)
    tell(summary(rules))
    warn_of_reviews(rules, today)
    if overdue := rules.overdue(today):
        told = f"{len(overdue)} of {len(rules.rules)} safety rules are past their review; they fire all the same."
        raise Overdue(f"{told} Read their sources again and set review_by: {_listed(overdue)}.")
    return 0


def summary(rules: RuleSet) -> str:
    """How many rules there are, on what sources, by how many examples."""
    examples = sum(len(rule.examples) for rule in rules.rules)
    unverified = [rule.id for rule in rules.rules if not rule.verified]
    told = f"{len(rules.rules)} safety rules (version {rules.version}) on {len(rules.facts)} facts; "
    return f"{told}{examples} examples hold. Source not verified: {', '.join(unverified) or 'none'}."


def warn_of_reviews(rules: RuleSet, today: date) -> None:
    """Say on standard error which rules are soon to be reviewed."""
    if due := rules.due_within(WARNING_DAYS, today):
        warn(f"WARNING: to be reviewed within {WARNING_DAYS} days: {_listed(due)}.")


def warn_of_expired(rules: RuleSet, today: date) -> None:
    """Say on standard error which rules are past their review; their findings show it too."""
    if overdue := rules.overdue(today):
        warn(f"WARNING: safety rules past their review (they fire all the same): {_listed(overdue)}.")


def _listed(rules: Sequence[Rule]) -> str:
    return ", ".join(f"{rule.id} ({rule.review_by}, {rule.owner})" for rule in rules)
