"""What contradicts itself in a patient's data: checks by the names that were given, made once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import isnan
from typing import Protocol

from data_contracts.column_words import column_words
from data_contracts.contradiction import Contradiction, load_contradictions
from data_contracts.data_query import DataQuery
from data_contracts.fact import Answer, UnreadableFact, has_come, load_facts, read_fact
from data_contracts.instrument import Instrument
from data_contracts.instrument_name import instrument_for
from data_contracts.instrument_record import AnswerSheet, answer_sheets

AGE = "age"
SCORE = "phq9_total"
"""The fact that a policy's baseline gives if that is a PHQ-9 score."""
YEAR = timedelta(days=365.25)

HEAD: Mapping[str, tuple[str, str]] = {
    "DATA-AGE": ("The age that is recorded is no human's.", "Check the date of birth."),
    "DATA-TOTALS": (
        "{instrument}: two totals of one moment differ ({names}).",
        "Check both; neither is used meanwhile.",
    ),
    "DATA-FUTURE": ("An answer is dated after today: {names}.", "Check the day."),
    "DATA-BIRTH": ("An answer is dated before the patient was born: {names}.", "Check the day and the age."),
    "DATA-SCALE": ("{instrument}: an answer is not on its item's scale ({names}).", "Check the answer."),
    "DATA-RANGE": ("{instrument}: a total is outside its range ({names}).", "Check the score."),
    "DATA-TWICE": (
        "{instrument}: one item is recorded with different answers ({names}).",
        "Ask again. The graver answer holds meanwhile.",
    ),
    "DATA-TOTAL": (
        "{instrument}: the answers do not add up to the total ({total}).",
        "Check both; neither is used meanwhile.",
    ),
}
"""What contradicts, and what to check, of the contradictions that are no pair of answers."""


@dataclass(frozen=True)
class Record:
    """What is known of one patient.

    Attributes:
        values: by name; None and NaN are unknown.
        days: of safety facts, on which they were recorded, where that is told.
        today: the day of the question, if that is told.
    """

    values: Mapping[str, object]
    days: Mapping[str, date]
    today: date | None


@dataclass(frozen=True)
class Doubt:
    """One contradiction.

    Attributes:
        query: as it is told.
        also: other values that were given for a safety fact, by its name.
    """

    query: DataQuery
    also: tuple[tuple[str, object], ...] = ()


class Check(Protocol):
    """One check; ``names`` are the values it looks at, ``dated`` the facts whose days it looks at."""

    @property
    def names(self) -> tuple[str, ...]:
        """Values that it looks at."""

    @property
    def dated(self) -> tuple[str, ...]:
        """Safety facts whose days it looks at."""

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """What contradicts itself in one patient's values."""


@dataclass(frozen=True)
class AgeCheck:
    """No human is that old, or not born yet."""

    names: tuple[str, ...] = (AGE,)
    dated: tuple[str, ...] = ()

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """See ``Check``."""
        age = _number(record.values.get(AGE))
        if age is not None and not _is_human(age):
            yield Doubt(_query("DATA-AGE", [AGE]))


@dataclass(frozen=True)
class DayCheck:
    """An answer of a day that has come nowhere, or of before the patient's birth."""

    dated: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The answer, and the age."""
        return (AGE, *self.dated)

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """See ``Check``."""
        age, today = _number(record.values.get(AGE)), record.today
        for fact in self.dated:
            day = record.days.get(fact)
            if day is None or today is None or _is_unknown(fact, record.values.get(fact)):
                continue
            if not has_come(day, today):
                yield Doubt(_query("DATA-FUTURE", [fact]))
            elif age is not None and _is_human(age) and day < today - (age + 1) * YEAR:
                yield Doubt(_query("DATA-BIRTH", sorted({fact, AGE})))


@dataclass(frozen=True)
class SheetCheck:
    """Answers to an instrument's items, and the total beside them."""

    sheet: AnswerSheet
    dated: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the sheet."""
        return self.sheet.columns

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """See ``Check``."""
        for found in self.sheet.disagreements(record.values):
            words = {"instrument": found.instrument.id, "total": column_words(str(self.sheet.total), {})}
            also: list[tuple[str, object]] = []
            if found.kind == "twice":
                facts = [name for name in found.columns if name in load_facts()]
                also = [(fact, record.values[other]) for fact in facts for other in found.columns if other != fact]
            yield Doubt(_query(f"DATA-{found.kind.upper()}", found.columns, **words), tuple(also))


@dataclass(frozen=True)
class RangeCheck:
    """A total that its instrument cannot have, whatever the answers were."""

    instrument: Instrument
    names: tuple[str, ...]
    dated: tuple[str, ...] = ()

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """See ``Check``."""
        lowest, highest = self.instrument.minimum, self.instrument.maximum
        for name in self.names:
            total = _number(record.values.get(name))
            if total is not None and not isnan(total) and not lowest <= total <= highest:
                yield Doubt(_query("DATA-RANGE", [name], instrument=self.instrument.id))


@dataclass(frozen=True)
class BaselineCheck:
    """The PHQ-9 total that rules ask for, and the score at the start that the policy asks for: of now both."""

    baseline: str
    dated: tuple[str, ...] = (SCORE,)

    @property
    def names(self) -> tuple[str, ...]:
        """Both."""
        return (SCORE, self.baseline)

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """See ``Check``; a total of an earlier day may differ."""
        told = [_number(record.values.get(name)) for name in self.names]
        if None in told or isnan(sum(one or 0.0 for one in told)) or told[0] == told[1]:
            return
        day = record.days.get(SCORE)
        if day is None or record.today is None or day >= record.today:
            also = ((SCORE, record.values[self.baseline]),)
            yield Doubt(_query("DATA-TOTALS", self.names, instrument="PHQ-9"), also)


@dataclass(frozen=True)
class ContradictionCheck:
    """Answers that cannot all be so."""

    contradiction: Contradiction
    dated: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What it speaks of."""
        return tuple(self.contradiction.values)

    def doubts(self, record: Record) -> Iterator[Doubt]:
        """See ``Check``."""
        told = self.contradiction
        if told.holds(record.values):
            about = tuple(sorted(told.values))
            yield Doubt(DataQuery(id=told.id, about=about, sentence=told.sentence, check=told.check))


@lru_cache(maxsize=256)
def checks_for(names: frozenset[str], dated: frozenset[str], baseline: str | None = None) -> tuple[Check, ...]:
    """The checks that values of these names, and facts with days, call for.

    Args:
        names: of the values.
        dated: facts with days.
        baseline: the policy's PHQ-9 score at the start, if it has one.
    """
    found: list[Check] = [AgeCheck()] if AGE in names else []
    found += [DayCheck((fact,)) for fact in sorted(dated & load_facts().keys())]
    found += [SheetCheck(sheet) for sheet in answer_sheets(names) if len(sheet.columns) > 0]
    totals = [(name, instrument_for(name)) for name in sorted(names - load_facts().keys())]  # facts are read strictly
    found += [RangeCheck(instrument, (name,)) for name, instrument in totals if instrument is not None]
    found += [BaselineCheck(baseline)] if baseline and names >= {SCORE, baseline} and baseline != SCORE else []
    found += [ContradictionCheck(one) for one in load_contradictions() if names >= one.values.keys()]
    return tuple(found)


def names_checked(names: Iterable[str]) -> frozenset[str]:
    """Of these names those that a check looks at."""
    return frozenset(name for check in checks_for(frozenset(names), frozenset()) for name in check.names)


def _is_human(age: float) -> bool:
    return load_facts()[AGE].minimum <= age <= load_facts()[AGE].maximum


def _query(kind: str, about: Iterable[str], **words: str) -> DataQuery:
    """One query; columns are told in words, which facts and instruments have of their own."""
    sentence, check = HEAD[kind]
    about = tuple(about)
    names = "; ".join(column_words(name, {}) for name in about)
    return DataQuery(id=kind, about=about, sentence=sentence.format(names=names, **words), check=check)


def _number(value: object) -> float | None:
    if isinstance(value, float):
        return value
    try:
        return None if value is None or isinstance(value, bool) else float(str(value))
    except ValueError:
        return None


def _is_unknown(fact: str, value: object) -> bool:
    try:
        return read_fact(fact, value) is Answer.UNKNOWN
    except UnreadableFact:  # told as an error where facts are read
        return True
