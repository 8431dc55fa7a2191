"""Safety rules, judged before any model: they only ever refuse or put an assessment first.

Three values: a fact that is not known never counts as absent.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping

from data_contracts.errors import BadInput
from data_contracts.fact import UnreadableFact, read_fact
from data_contracts.profile import PatientProfile, Value
from data_contracts.recommendation import Safety, SafetyFinding, SafetyLevel
from data_contracts.rule import Answer, Condition, Rule, RuleSet

COMPARE = {"lt": operator.lt, "le": operator.le, "ge": operator.ge, "gt": operator.gt, "eq": operator.eq}


def judge_safety(profile: PatientProfile, rules: RuleSet) -> Safety:
    """What the rules say of a patient.

    Raises:
        BadInput: safety facts are out of their range or not of their type; all are listed.
    """
    facts = read_facts(profile.values, rules)
    fired: list[Rule] = []
    unknown: list[Rule] = []
    for rule in rules.rules:
        answer = holds(rule.any_of, facts)
        if answer is Answer.YES:
            fired.append(rule)
        elif answer is Answer.UNKNOWN and rule.on_unknown == "assess_first":
            unknown.append(rule)
    refusing = [rule for rule in fired if rule.effect == "refuse"]
    waiting = any(rule.await_acknowledgement for rule in fired) and profile.acknowledgement is None
    others = [rule for rule in fired if rule not in refusing]
    findings = [_finding(rule, None) for rule in (*refusing, *others)]
    if not refusing:
        findings += [_finding(rule, rule.ask) for rule in unknown]
    level: SafetyLevel = "refused" if refusing else "assess_first" if findings else "none"
    return Safety(level=level, awaiting_acknowledgement=waiting and not refusing, findings=tuple(findings))


def read_facts(values: Mapping[str, Value], rules: RuleSet) -> dict[str, float | Answer]:
    """Every fact that a rule reads: a number, an answer, or unknown.

    Raises:
        BadInput: facts are out of their range or not of their type; all are listed.
    """
    facts: dict[str, float | Answer] = {}
    problems = []
    for name in sorted(rules.facts):
        try:
            facts[name] = read_fact(name, values.get(name))
        except UnreadableFact as error:
            problems.append(error.problem)
    if problems:
        raise BadInput(problems)
    return facts


def holds(conditions: Iterable[Condition], facts: Mapping[str, float | Answer]) -> Answer:
    """Whether any condition holds: yes if one does, unknown if none does but one cannot be judged, else no."""
    answers = [_judge(condition, facts[condition.fact]) for condition in conditions]
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def _judge(condition: Condition, fact: float | Answer) -> Answer:
    if isinstance(fact, Answer):
        return fact
    assert condition.value is not None, "a numeric condition names a value; the rule's schema sees to it"
    return Answer.YES if COMPARE[condition.op](fact, condition.value) else Answer.NO


def _finding(rule: Rule, ask: str | None) -> SafetyFinding:
    sentence = rule.sentence if ask is None else ask
    return SafetyFinding(rule=rule.id, sentence=sentence, ask=ask, citation=rule.citation, verified=rule.verified)
