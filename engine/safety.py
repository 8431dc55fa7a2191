"""Safety rules, judged before any model: they only ever remove, flag, hold back or refuse.

Three values: a fact that is not known never counts as absent, and one that is too old is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.effects import BoolArray
from data_contracts.episode import Column, IntArray
from data_contracts.errors import BadInput, Problem
from data_contracts.fact import Reading, UnreadableFact, load_facts, read_fact
from data_contracts.profile import PatientProfile
from data_contracts.rule import RuleSet
from engine.fact_readings import UNKNOWN, Answers, answers_of, as_total, codes_of, is_stale
from engine.policy import Policy
from engine.rule_book import SCORE, RuleBook, book_for
from engine.ruling import Ruling, rule_on


def judge_safety(profile: PatientProfile, policy: Policy, rules: RuleSet, today: date | None) -> Ruling:
    """What the rules say of a patient and of the policy's arms.

    Args:
        profile: of the patient.
        policy: whose arms are judged.
        rules: that are judged.
        today: by which answers and rules age; None counts all as current.

    Raises:
        BadInput: safety facts are out of their range, not of their type or of a later day; all are listed.
    """
    book = book_for(policy, rules, today)
    return rule_on(book, answers_of(profile, book))


def judge_cohort(cohort: Cohort, policy: Policy, rules: RuleSet, today: date | None) -> tuple[list[Ruling], IntArray]:
    """The different things that the rules say of a cohort, and for each of its n patients which one is theirs.

    Raises:
        BadInput: as for one patient.
    """
    book = book_for(policy, rules, today)
    which, told = cohort.acknowledged.astype(np.int64), []
    problems: list[Problem] = []
    for fact in (fact for fact in book.conditions if _column(cohort, book, fact) is not None):
        readings, kind = _readings(cohort, book, fact, problems)
        told.append((fact, readings, kind))
        which = np.unique(which * max(len(readings), 1) + kind, return_inverse=True)[1]
    if problems:
        raise BadInput(list(dict.fromkeys(problems)))
    rows = np.unique(which, return_index=True)[1]
    patterns = [_answers(book, told, row, bool(cohort.acknowledged[row])) for row in rows.tolist()]
    return [rule_on(book, pattern) for pattern in patterns], which


def _answers(
    book: RuleBook, told: list[tuple[str, list[tuple[Reading, bool]], IntArray]], row: int, acknowledged: bool
) -> Answers:
    codes, names = bytearray([UNKNOWN]) * book.size, dict.fromkeys(book.name_facts)
    for fact, readings, kind in told:
        reading, stale = readings[kind[row]]
        for (at, _), code in zip(book.conditions[fact], codes_of(book, fact, reading, stale), strict=True):
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
    """The column of a fact; the policy's baseline stands in for PHQ-9 totals that are not given."""
    given = cohort.columns.get(fact)
    if fact != SCORE or book.baseline is None or (baseline := cohort.columns.get(book.baseline)) is None:
        return given
    if given is None and baseline.dtype != object:
        known = load_facts()[SCORE]
        inside = (baseline >= known.minimum) & (baseline <= known.maximum)
        return np.where(inside, baseline, np.nan)
    return np.array(list(_filled(given, baseline)), dtype=object)


def _filled(given: Column | None, baseline: Column) -> Iterator[object]:
    totals = [None] * len(baseline) if given is None else given.tolist()
    for total, base in zip(totals, baseline.tolist(), strict=True):
        absent = total is None or (isinstance(total, float) and math.isnan(total))
        yield as_total(base) if absent else total


def removed_for(rulings: list[Ruling], which: IntArray) -> BoolArray:
    """(n, A) arms that the rules remove for each patient."""
    return np.stack([ruling.removed for ruling in rulings])[which]
