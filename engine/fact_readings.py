"""Turns what is known of a patient into answers to the rules' conditions; what is too old is unknown again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from data_contracts.errors import BadInput, Problem
from data_contracts.fact import Answer, Reading, UnreadableFact, load_facts, read_fact
from data_contracts.profile import PatientProfile, Value
from engine.data_checks import SCORE
from engine.doubts import NONE, Doubts
from engine.other_names import with_other_names
from engine.rule_book import RuleBook

NO, YES, UNKNOWN, STALE = range(4)
"""Answers to a condition: it does not hold, it holds, its fact was never given, its fact is too old or in doubt."""

Names = tuple[frozenset[str] | None, ...]
Acknowledged = tuple[tuple[str, str], ...]
Placed = tuple[tuple[int, int], ...]
"""Answers, each with the place of its condition among all."""


@dataclass(frozen=True)
class Answers:
    """What one patient's facts say.

    Attributes:
        codes: one byte a condition of the rule book: ``NO``, ``YES``, ``UNKNOWN`` or ``STALE``.
        names: for each of the book's facts with names, the names; None if unknown.
        acknowledged: rules whose demand was met, each with the clinicians who say so.
    """

    codes: bytes
    names: Names
    acknowledged: Acknowledged = ()


def answers_of(profile: PatientProfile, book: RuleBook, doubts: Doubts = NONE) -> Answers:
    """The answers for one patient; of what is in doubt the strictest.

    Raises:
        BadInput: facts are out of their range or not of their type, or an acknowledgement names a rule
            that does not wait for one; all are listed.
    """
    values, as_of = with_baseline(with_other_names(profile.values), book), profile.as_of
    acknowledged = acknowledged_in(profile)
    pattern, unreadable = _yes_or_no(book, tuple(map(values.get, book.yes_or_no)))
    codes, names = bytearray(pattern), dict.fromkeys(book.name_facts)
    problems = [*unreadable, *acknowledgement_problems([rule for rule, _ in acknowledged], book.waiting)]
    for fact in _one_by_one(book, as_of, doubts):
        if fact not in values:
            continue
        try:
            reading, told = _current(book, fact, values[fact])
            stale = fact in as_of and is_stale(fact, reading, as_of[fact], book.today)
        except UnreadableFact as error:
            problems.append(error.problem)
            continue
        if stale or doubts.found:
            strict = strictest(book, fact, codes_of(book, fact, reading, stale), doubts)
            told = _placed(book, fact, strict)
        for at, code in told:
            codes[at] = code
        if fact in names and isinstance(reading, frozenset) and not stale:
            names[fact] = reading
    if problems:
        raise BadInput(sorted(dict.fromkeys(problems), key=lambda problem: problem.where))
    return Answers(bytes(codes), tuple(names.values()), acknowledged)


def _one_by_one(book: RuleBook, as_of: Mapping[str, date], doubts: Doubts) -> Iterable[str]:
    """The facts that a patient's yes and no alone do not settle: others, and those with a day or in doubt."""
    if doubts.found:
        return book.conditions
    return (*book.others, *(fact for fact in book.yes_or_no if fact in as_of)) if as_of else book.others


def acknowledged_in(profile: PatientProfile) -> Acknowledged:
    """The rules that were acknowledged, each with the names of those who did."""
    found: dict[str, dict[str, None]] = {}
    for one in profile.acknowledgements:
        for rule in one.rules:
            found.setdefault(rule, {})[one.by] = None
    return tuple((rule, ", ".join(names)) for rule, names in sorted(found.items()))


def acknowledgement_problems(rules: Iterable[str], waiting: Sequence[str]) -> Iterator[Problem]:
    """Acknowledgements of what is no rule that waits for one."""
    if set(rules) <= set(waiting):
        return
    expected, step = f"rules that wait for one ({', '.join(waiting)})", "Name the rules of the findings it covers."
    yield Problem("acknowledgements", expected, "another", step)


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
    """Whether a fact was given too long ago to count; one of a later day is in doubt, and current.

    Raises:
        UnreadableFact: there is no day to compare its day with.
    """
    if as_of is None:
        return False
    if today is None:
        step = "Tell the day, or leave out when facts were recorded."
        raise UnreadableFact(Problem(f"as_of.{fact}", "a clock that tells the day", "none", step))
    known = load_facts()[fact]
    lasts = known.lasting and reading is Answer.YES
    return reading is not Answer.UNKNOWN and not lasts and (today - as_of).days > known.valid_days


def strictest(book: RuleBook, fact: str, codes: tuple[int, ...], doubts: Doubts) -> tuple[int, ...]:
    """The answers to all conditions on a fact: of one in doubt, what holds by any value given, and else unknown."""
    if not doubts.found or not (fact in doubts.names or (fact == SCORE and book.baseline in doubts.names)):
        return codes
    others = [codes_of(book, fact, _reading(fact, value), stale=False) for value in doubts.also.get(fact, ())]
    return tuple(YES if YES in told else STALE for told in zip(codes, *others, strict=True))


def _reading(fact: str, value: object) -> Reading:
    try:
        return read_fact(fact, value)
    except UnreadableFact:  # what cannot be read says nothing
        return Answer.UNKNOWN


@lru_cache(maxsize=4096)
def _yes_or_no(book: RuleBook, values: tuple[Value, ...]) -> tuple[bytes, tuple[Problem, ...]]:
    """The answers to all conditions as far as yes-or-no facts tell them, all current, and what of these is no answer.

    Kept, as many patients give the same; by equality alone, since True and 1 are the same yes.
    """
    codes, problems = bytearray([UNKNOWN]) * book.size, []
    for fact, value in zip(book.yes_or_no, values, strict=True):
        try:
            for at, code in _current(book, fact, value)[1]:
                codes[at] = code
        except UnreadableFact as error:
            problems.append(error.problem)
    return bytes(codes), tuple(problems)


@lru_cache(maxsize=4096, typed=True)
def _current(book: RuleBook, fact: str, value: Value) -> tuple[Reading, Placed]:
    """A fact's reading and, while that is current, the answers to all conditions on it; kept, as values recur.

    Kept by type, too: True and 1 are not the same to every fact.
    """
    reading = read_fact(fact, value)
    return reading, _placed(book, fact, codes_of(book, fact, reading, stale=False))


def _placed(book: RuleBook, fact: str, codes: tuple[int, ...]) -> Placed:
    return tuple((at, code) for (at, _), code in zip(book.conditions[fact], codes, strict=True))


def codes_of(book: RuleBook, fact: str, reading: Reading, stale: bool) -> tuple[int, ...]:
    """The answers to all conditions on one fact."""
    if stale or reading is Answer.UNKNOWN:
        return (STALE if stale else UNKNOWN,) * len(book.conditions[fact])
    return tuple([YES if condition.holds(reading) else NO for _, condition in book.conditions[fact]])
