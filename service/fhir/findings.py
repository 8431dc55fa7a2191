"""Collects what a record says: facts with their days, and notes on what does not count as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from data_contracts.errors import Problem
from data_contracts.fact import UnreadableFact, has_come, load_facts, read_fact
from data_contracts.profile import Value
from service.fhir.moment import Days
from service.fhir.note import Note, NoteKind

CONSENT = "decision_support_consent"


@dataclass(frozen=True)
class Said:
    """One thing that a record says of a fact or feature.

    Attributes:
        name: of the fact or feature.
        value: what is said.
        days: when; None if that is not told or it holds now.
        where: its place.
    """

    name: str
    value: Value
    days: Days | None
    where: str


@dataclass
class Findings:
    """What was found so far.

    Attributes:
        today: the day of the question.
        said: all that is said.
        notes: what was left out.
        problems: values that are no values of their facts.
    """

    today: date
    said: list[Said] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def note(self, kind: NoteKind, what: str, where: str) -> None:
        """Remember what does not count."""
        self.notes.append(Note(kind, what, where))

    def say(self, name: str, value: Value, days: Days | None, where: str) -> None:
        """Remember what is said, if it can be: of a safety fact it has to be on its scale.

        What is dated after today may raise an alarm and never calms one: it would count as newer than all else.
        """
        if days is not None and not has_come(days.first, self.today) and not alarms(name, value):
            self.note("contradiction", "answers of a day that has not come", where)
            return
        if name in load_facts():
            try:
                read_fact(name, value)
            except UnreadableFact as error:
                told = error.problem
                self.problems.append(Problem(f"{where}, {told.where}", told.expected, told.found, told.next_step))
                return
        self.said.append(Said(name, value, days, where))

    def by_name(self) -> dict[str, list[Said]]:
        """What is said of each thing."""
        told: dict[str, list[Said]] = {}
        for one in self.said:
            told.setdefault(one.name, []).append(one)
        return told


def alarms(name: str, value: Value) -> bool:
    """Whether an answer is the one that safety goes by: a yes, a score from 1 up, and of consent a no."""
    if isinstance(value, str):
        return value == ("no" if name == CONSENT else "yes")
    return value is True or (isinstance(value, float | int) and value >= 1)


def newest(said: Iterable[Said]) -> list[Said]:
    """What was said last: of several on one day all; what holds now is newer than anything with a day."""
    listed = list(said)
    if len(listed) == 1:
        return listed
    if undated := [one for one in listed if one.days is None]:
        return undated
    last = max((one.days.last for one in listed if one.days), default=None)
    return [one for one in listed if one.days and one.days.last == last]
