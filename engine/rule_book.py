"""The safety rules made ready for the arms of a study and a day, once; patients are then judged in microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from data_contracts.arm_words import ArmWords
from data_contracts.fact import load_facts
from data_contracts.rule import Rule, RuleSet
from data_contracts.rule_trigger import Condition
from engine.arm_contents import Contents, Membership, NamedArm, contents_of, membership
from engine.data_checks import SCORE
from engine.policy import Policy


@dataclass(frozen=True)
class Part:
    """One condition in its place: position among all answers, its fact, and whether it counts only where given."""

    at: int
    fact: str
    if_given: bool


@dataclass(frozen=True)
class ReadyRule:
    """A rule with its conditions in place, and for each of the A arms whether it concerns it."""

    rule: Rule
    cases: tuple[tuple[Part, ...], ...]
    members: tuple[Membership, ...]


@dataclass(frozen=True, eq=False)
class RuleBook:
    """Rules for A arms on one day.

    Attributes:
        rules: in the order in which they are told.
        contents: of each arm, in the manifest's order.
        names: of the arms.
        words: what words in arms' names tell.
        conditions: by fact, its conditions with their positions among all answers.
        size: number of all conditions.
        name_facts: facts with names that rules look arms up in.
        baseline: the column that gives the PHQ-9 total if the fact is not given, if any.
        expired: ids of the rules past their review.
        today: the day; None if it is not told, in which case facts may have no date.
        waiting: ids of the rules that wait for an acknowledgement.
        recorded: by fact, the positions of the arms that enough patients of whom it was true got, and the reference
            too; none for a fact that the records do not know.
    """

    rules: tuple[ReadyRule, ...]
    contents: tuple[Contents, ...]
    names: tuple[str, ...]
    words: ArmWords
    conditions: Mapping[str, tuple[tuple[int, Condition], ...]]
    size: int
    name_facts: tuple[str, ...]
    baseline: str | None
    expired: frozenset[str]
    today: date | None
    waiting: tuple[str, ...]
    recorded: Mapping[str, frozenset[int]]

    @cached_property
    def yes_or_no(self) -> tuple[str, ...]:
        """The facts that are a yes or a no."""
        return tuple(fact for fact in self.conditions if load_facts()[fact].kind == "answer")

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The other facts: numbers, and names."""
        return tuple(fact for fact in self.conditions if fact not in self.yes_or_no)


def book_for(policy: Policy, rules: RuleSet, today: date | None) -> RuleBook:
    """The rules, ready for a policy's arms on a day."""
    return ready(rules, policy.named_arms, policy.phq9_baseline, today, policy.recorded)


@lru_cache(maxsize=64)
def ready(
    rules: RuleSet,
    arms: tuple[NamedArm, ...],
    baseline: str | None,
    today: date | None,
    recorded: tuple[tuple[str, frozenset[int]], ...] = (),
) -> RuleBook:
    """The rules, ready for these arms; kept for the next patient."""
    contents = tuple(contents_of(arm, rules) for arm in arms)
    conditions: dict[str, list[tuple[int, Condition]]] = {}
    ready_rules, size = [], 0
    for rule in rules.rules:
        cases = []
        for case in rule.any_of:
            parts = []
            for condition in case.all_of:
                parts.append(Part(size, condition.fact, condition.if_given))
                conditions.setdefault(condition.fact, []).append((size, condition))
                size += 1
            cases.append(tuple(parts))
        groups = [rules.groups[name] for name in rule.arms]
        members = tuple(membership(one, groups) for one in contents)
        ready_rules.append(ReadyRule(rule, tuple(cases), members))
    return RuleBook(
        rules=tuple(ready_rules),
        contents=contents,
        names=tuple(name for name, _ in arms),
        words=rules,
        conditions={fact: tuple(found) for fact, found in conditions.items()},
        size=size,
        name_facts=tuple(dict.fromkeys(rule.named_in for rule in rules.rules if rule.named_in)),
        baseline=baseline if SCORE in conditions and baseline not in load_facts() else None,
        expired=frozenset(rule.id for rule in rules.overdue(today)) if today else frozenset(),
        today=today,
        waiting=rules.waiting,
        recorded=dict(recorded),
    )
