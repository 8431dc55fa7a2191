"""Safety rules, judged before any model: they only ever remove, flag, hold back or refuse.

Three values: a fact that is not known never counts as absent, and one that is too old is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TypeAlias

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.episode import Column, IntArray
from data_contracts.errors import BadInput, Problem
from data_contracts.fact import Reading, UnreadableFact, load_facts, read_fact
from data_contracts.profile import PatientProfile
from data_contracts.rule import RuleSet
from engine.data_checks import SCORE
from engine.doubts import NONE, Doubts
from engine.fact_readings import (
    UNKNOWN,
    Acknowledged,
    Answers,
    acknowledgement_problems,
    answers_of,
    as_total,
    codes_of,
    is_stale,
    strictest,
)
from engine.other_names import gravest, is_blank, items, other_names
from engine.policy import Policy
from engine.rule_book import RuleBook, book_for
from engine.ruling import Ruling, rule_on

Told: TypeAlias = tuple[str, list[tuple[Reading, bool]], IntArray]
"""A fact, its different readings (current or stale), and which one is whose."""


def judge_safety(
    profile: PatientProfile, policy: Policy, rules: RuleSet, today: date | None, doubts: Doubts = NONE
) -> Ruling:
    """What the rules say of a patient and of the policy's arms.

    Args:
        profile: of the patient.
        policy: whose arms are judged.
        rules: that are judged.
        today: by which answers and rules age; None counts all as current.
        doubts: what contradicts itself, of which the stricter reading holds.

    Raises:
        BadInput: safety facts are out of their range or not of their type; all are listed.
    """
    book = book_for(policy, rules, today)
    return rule_on(book, answers_of(profile, book, doubts))


def judge_cohort(
    cohort: Cohort, policy: Policy, rules: RuleSet, today: date | None, doubts: Sequence[Doubts], whose: IntArray
) -> tuple[list[Ruling], IntArray]:
    """The different things that the rules say of a cohort, and for each of its n patients which one is theirs.

    Args:
        cohort: of n patients.
        policy, rules, today: as for one patient.
        doubts: the different doubts about them.
        whose: (n,) which of the doubts are whose.

    Raises:
        BadInput: as for one patient.
    """
    book = book_for(policy, rules, today)
    signed, which = _acknowledged(cohort)
    which = np.unique(which * len(doubts) + whose, return_inverse=True)[1]
    told: list[Told] = []
    problems = list(acknowledgement_problems(cohort.acknowledged, book.waiting))
    for fact in (fact for fact in book.conditions if _column(cohort, book, fact) is not None):
        readings, kind = _readings(cohort, book, fact, problems)
        told.append((fact, readings, kind))
        which = np.unique(which * max(len(readings), 1) + kind, return_inverse=True)[1]
    if problems:
        raise BadInput(list(dict.fromkeys(problems)))
    rows = np.unique(which, return_index=True)[1]
    patterns = [_answers(book, told, row, signed(row), doubts[whose[row]]) for row in rows.tolist()]
    return [rule_on(book, pattern) for pattern in patterns], which


def _acknowledged(cohort: Cohort) -> tuple[Callable[[int], Acknowledged], IntArray]:
    """What was acknowledged for a patient, and a number for each of the n patients by which it differs."""
    which, rules = np.zeros(cohort.n, dtype=np.int64), sorted(cohort.acknowledged)
    for rule in rules:
        names, kind = cohort.distinct_values(cohort.acknowledged[rule])
        which = np.unique(which * len(names) + kind, return_inverse=True)[1]

    def signed(row: int) -> Acknowledged:
        return tuple((rule, str(by)) for rule in rules if (by := cohort.acknowledged[rule][row]) is not None)

    return signed, which


def _answers(book: RuleBook, told: list[Told], row: int, acknowledged: Acknowledged, doubts: Doubts) -> Answers:
    codes, names = bytearray([UNKNOWN]) * book.size, dict.fromkeys(book.name_facts)
    for fact, readings, kind in told:
        reading, stale = readings[kind[row]]
        found = strictest(book, fact, codes_of(book, fact, reading, stale), doubts)
        for (at, _), code in zip(book.conditions[fact], found, strict=True):
            codes[at] = code
        if fact in names and isinstance(reading, frozenset) and not stale:
            names[fact] = reading
    return Answers(bytes(codes), tuple(names.values()), acknowledged)


def _readings(
    cohort: Cohort, book: RuleBook, fact: str, problems: list[Problem]
) -> tuple[list[tuple[Reading, bool]], IntArray]:
    """The different readings of a fact (by their answers), current or stale, and for each patient which is theirs."""
    values, which = cohort.distinct_values(_column(cohort, book, fact))
    days, day = cohort.distinct_days(fact)
    kinds: dict[tuple[object, ...], int] = {}
    readings: list[tuple[Reading, bool]] = []
    pairs, at = np.unique(which * len(days) + day, return_inverse=True)
    position = []
    for pair in pairs.tolist():
        try:
            reading = read_fact(fact, values[pair // len(days)])
            stale = is_stale(fact, reading, days[pair % len(days)], book.today)
        except UnreadableFact as error:
            problems.append(error.problem)
            position.append(0)
            continue
        names = reading if isinstance(reading, frozenset) else None
        key = (codes_of(book, fact, reading, stale), names)
        if key not in kinds:
            kinds[key] = len(readings)
            readings.append((reading, stale))
        position.append(kinds[key])
    return readings, np.array(position, dtype=np.int64)[at]


def _column(cohort: Cohort, book: RuleBook, fact: str) -> Column | None:
    """The column of a fact; the policy's baseline stands in for PHQ-9 totals, other names for items, not given."""
    given = cohort.columns.get(fact)
    if fact in items() and (names := other_names(frozenset(cohort.columns)).get(fact)):
        return np.array(list(_by_other_names(fact, given, [cohort.columns[name] for name in names])), dtype=object)
    if fact != SCORE or book.baseline is None or (baseline := cohort.columns.get(book.baseline)) is None:
        return given
    if given is None and baseline.dtype != object:
        known = load_facts()[SCORE]
        inside = (baseline >= known.minimum) & (baseline <= known.maximum)
        return np.where(inside, baseline, np.nan)
    return np.array(list(_filled(given, baseline)), dtype=object)


def _by_other_names(fact: str, given: Column | None, others: Sequence[Column]) -> Iterator[object]:
    own = [None] * len(others[0]) if given is None else given.tolist()
    for value, *answers in zip(own, *(other.tolist() for other in others), strict=True):
        yield gravest(fact, answers) if is_blank(fact, value) else value


def _filled(given: Column | None, baseline: Column) -> Iterator[object]:
    totals = [None] * len(baseline) if given is None else given.tolist()
    for total, base in zip(totals, baseline.tolist(), strict=True):
        absent = total is None or (isinstance(total, float) and math.isnan(total))
        yield as_total(base) if absent else total
