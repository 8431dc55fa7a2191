"""Turns what is known of a patient into answers to the rules' conditions; what is too old is unknown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from data_contracts.errors import BadInput, Problem
from data_contracts.fact import Answer, Reading, UnreadableFact, load_facts, read_fact
from data_contracts.profile import PatientProfile, Value
from engine.rule_book import SCORE, RuleBook

NO, YES, UNKNOWN, STALE = range(4)
"""Answers to a condition: it does not hold, it holds, its fact was never given, its fact was given too long ago."""

Names = tuple[frozenset[str] | None, ...]


@dataclass(frozen=True)
class Answers:
    """What one patient's facts say.

    Attributes:
        codes: one byte a condition of the rule book: ``NO``, ``YES``, ``UNKNOWN`` or ``STALE``.
        names: for each of the book's facts with names, the names; None if unknown.
        acknowledged: whether a named clinician has made the assessment.
    """

    codes: bytes
    names: Names
    acknowledged: bool


def answers_of(profile: PatientProfile, book: RuleBook) -> Answers:
    """The answers for one patient.

    Raises:
        BadInput: facts are out of their range, not of their type or of a later day; all are listed.
    """
    codes, names = bytearray([UNKNOWN]) * book.size, dict.fromkeys(book.name_facts)
    problems: list[Problem] = []
    values = with_baseline(profile.values, book)
    for fact in book.conditions.keys() & values.keys():
        try:
            reading = read_fact(fact, values[fact])
            stale = is_stale(fact, reading, profile.as_of.get(fact), book.today)
        except UnreadableFact as error:
            problems.append(error.problem)
            continue
        for (at, _), code in zip(book.conditions[fact], codes_of(book, fact, reading, stale), strict=True):
            codes[at] = code
        if fact in names and isinstance(reading, frozenset) and not stale:
            names[fact] = reading
    if problems:
        raise BadInput(sorted(problems, key=lambda problem: problem.where))
    return Answers(bytes(codes), tuple(names.values()), profile.acknowledgement is not None)


def with_baseline(values: Mapping[str, Value], book: RuleBook) -> Mapping[str, Value]:
    """The values; the policy's baseline stands in for a PHQ-9 total that is not given, if it can be one."""
    if book.baseline is None or values.get(SCORE) is not None:
        return values
    return {**values, SCORE: as_total(values.get(book.baseline))}


def as_total(value: Value) -> Value:
    """A baseline as a PHQ-9 total; None where it is none, which is told where features are read."""
    fact = load_facts()[SCORE]
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return value if numeric and fact.minimum <= float(value or 0.0) <= fact.maximum else None


def is_stale(fact: str, reading: Reading, as_of: date | None, today: date | None) -> bool:
    """Whether a fact was given too long ago to count.

    Raises:
        UnreadableFact: it is of a later day, or there is no day to compare it with.
    """
    if as_of is None:
        return False
    if today is None or as_of > today:
        expected = "a day up to today" if today else "a clock that tells the day"
        step = "Correct the day, or leave it out if it is not known."
        raise UnreadableFact(Problem(f"as_of.{fact}", expected, "a later one" if today else "none", step))
    known = load_facts()[fact]
    lasts = known.lasting and reading is Answer.YES
    return reading is not Answer.UNKNOWN and not lasts and (today - as_of).days > known.valid_days


def codes_of(book: RuleBook, fact: str, reading: Reading, stale: bool) -> tuple[int, ...]:
    """The answers to all conditions on one fact."""
    if stale or reading is Answer.UNKNOWN:
        return (STALE if stale else UNKNOWN,) * len(book.conditions[fact])
    return tuple([YES if condition.holds(reading) else NO for _, condition in book.conditions[fact]])
