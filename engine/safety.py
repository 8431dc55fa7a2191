"""Safety rules, judged before any model: they only ever refuse or put an assessment first.

Three values: a fact that is not known never counts as absent.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.episode import IntArray
from data_contracts.errors import BadInput, Problem
from data_contracts.fact import UnreadableFact, read_fact
from data_contracts.profile import PatientProfile, Value
from data_contracts.recommendation import Safety, SafetyFinding, SafetyLevel
from data_contracts.rule import Answer, Condition, Rule, RuleSet

COMPARE = {"lt": operator.lt, "le": operator.le, "ge": operator.ge, "gt": operator.gt, "eq": operator.eq}
ANSWERS = tuple(Answer)


def judge_safety(profile: PatientProfile, rules: RuleSet) -> Safety:
    """What the rules say of a patient.

    Raises:
        BadInput: safety facts are out of their range or not of their type; all are listed.
    """
    facts = read_facts(profile.values, rules)
    answers = [_judge(condition, facts[condition.fact]) for condition in _conditions(rules)]
    return safety_of(rules, answers, acknowledged=profile.acknowledgement is not None)


def judge_cohort(cohort: Cohort, rules: RuleSet) -> tuple[list[Safety], IntArray]:
    """The different things that the rules say of a cohort, and for each of its n patients which one is theirs.

    Raises:
        BadInput: safety facts are out of their range or not of their type; all are listed.
    """
    found = {name: cohort.distinct(name) for name in rules.facts}
    facts = {name: _read_all(name, values) for name, (values, _) in found.items()}
    problems = [fact for name in sorted(facts) for fact in facts[name] if isinstance(fact, Problem)]
    if problems:
        raise BadInput(list(dict.fromkeys(problems)))
    code = cohort.acknowledged.astype(np.int64)
    for condition in _conditions(rules):
        told = [_judge(condition, fact) for fact in facts[condition.fact] if not isinstance(fact, Problem)]
        code = code * len(ANSWERS) + np.array([ANSWERS.index(answer) for answer in told])[found[condition.fact][1]]
    codes, which = np.unique(code, return_inverse=True)
    return [_decoded(rules, value) for value in codes.tolist()], which


def safety_of(rules: RuleSet, answers: Sequence[Answer], *, acknowledged: bool) -> Safety:
    """What follows from the answers to all conditions, in the rules' order."""
    fired: list[Rule] = []
    unknown: list[Rule] = []
    at = 0
    for rule in rules.rules:
        answer = _any(answers[at : at + len(rule.any_of)])
        at += len(rule.any_of)
        if answer is Answer.YES:
            fired.append(rule)
        elif answer is Answer.UNKNOWN and rule.on_unknown == "assess_first":
            unknown.append(rule)
    refusing = [rule for rule in fired if rule.effect == "refuse"]
    waiting = any(rule.await_acknowledgement for rule in fired) and not acknowledged
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
    facts = {name: _read(name, values.get(name)) for name in rules.facts}
    if problems := [fact for _, fact in sorted(facts.items()) if isinstance(fact, Problem)]:
        raise BadInput(problems)
    return {name: fact for name, fact in facts.items() if not isinstance(fact, Problem)}


def _read_all(name: str, values: Sequence[Value]) -> list[float | Answer | Problem]:
    return [_read(name, value) for value in values]


def _read(name: str, value: Value) -> float | Answer | Problem:
    try:
        return read_fact(name, value)
    except UnreadableFact as error:
        return error.problem


def _conditions(rules: RuleSet) -> Iterator[Condition]:
    return (condition for rule in rules.rules for condition in rule.any_of)


def _any(answers: Sequence[Answer]) -> Answer:
    """Whether any condition holds: yes if one does, unknown if none does but one cannot be judged, else no."""
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def _decoded(rules: RuleSet, code: int) -> Safety:
    answers = []
    for _ in _conditions(rules):
        code, answer = divmod(code, len(ANSWERS))
        answers.append(ANSWERS[answer])
    return safety_of(rules, answers[::-1], acknowledged=bool(code))


def _judge(condition: Condition, fact: float | Answer) -> Answer:
    if isinstance(fact, Answer):
        return fact
    assert condition.value is not None, "a numeric condition names a value; the rule's schema sees to it"
    return Answer.YES if COMPARE[condition.op](fact, condition.value) else Answer.NO


def _finding(rule: Rule, ask: str | None) -> SafetyFinding:
    sentence = rule.sentence if ask is None else ask
    return SafetyFinding(rule=rule.id, sentence=sentence, ask=ask, citation=rule.citation, verified=rule.verified)
