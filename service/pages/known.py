"""What is known of a patient and how old it is, and what is missing, in the order in which to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from data_contracts.encoding import Feature
from data_contracts.fact import Fact, load_facts
from data_contracts.instrument_name import instrument_for, time_of
from data_contracts.profile import PatientProfile, Value
from data_contracts.recommendation import Recommendation
from data_contracts.would_change import WouldChange

ASKED_FIRST = ("phq9_item9", "decision_support_consent")


@dataclass(frozen=True)
class Known:
    """One thing that is known.

    Attributes:
        name: its key in the profile.
        label: in words.
        value: as it was given.
        day: on which it was recorded; None if that was not said.
        days: how old it is; None as well.
        aged: whether it is too old to count.
        used: whether the policy or a rule reads it.
    """

    name: str
    label: str
    value: Value
    day: date | None
    days: int | None
    aged: bool
    used: bool


@dataclass(frozen=True)
class Question:
    """One thing to ask.

    Attributes:
        name: its key in the profile.
        label: in words.
        kind: how it is answered: yes or no, a number, one of a list, or names.
        levels: of a list.
        change: what knowing it would change, where it is a feature.
        rules: ids of the safety rules that ask for it.
        sure: whether nothing is ranked without it.
    """

    name: str
    label: str
    kind: str
    levels: tuple[str, ...] = ()
    change: WouldChange | None = None
    rules: tuple[str, ...] = ()
    sure: bool = False


def known_of(profile: PatientProfile, answer: Recommendation, today: date) -> tuple[Known, ...]:
    """What was given, the policy's features first."""
    facts = load_facts()
    found = []
    for name, value in profile.values.items():
        if value is None or value == "unknown":
            continue
        day = profile.as_of.get(name)
        days = None if day is None else (today - day).days
        fact = facts.get(name)
        aged = fact is not None and days is not None and days > fact.valid_days and not fact.lasting
        found.append(Known(name, label_of(name, facts), value, day, days, aged, name not in answer.unused))
    return tuple(sorted(found, key=lambda one: not one.used))


def questions_for(answer: Recommendation, features: Mapping[str, Feature]) -> tuple[Question, ...]:
    """What is missing: what keeps from a ranking first, then what would change it, then what rules ask for."""
    facts = load_facts()
    rules: dict[str, list[str]] = {}
    for finding in answer.safety.findings:
        for name in finding.missing:
            rules.setdefault(name, []).append(finding.rule)
    changes = {change.feature: change for change in answer.would_change}
    first = [name for name in ASKED_FIRST if name in rules]
    keys = [name for name, change in changes.items() if change.key]
    names = dict.fromkeys((*first, *keys, *changes, *answer.missing, *rules))
    return tuple(
        Question(
            name,
            label_of(name, facts),
            *_form(facts.get(name), features.get(name)),
            changes.get(name),
            tuple(rules.get(name, ())),
            name in first or name in keys,
        )
        for name in names
    )


def label_of(name: str, facts: Mapping[str, Fact]) -> str:
    """A value's name in words."""
    if name in facts:
        return facts[name].meaning
    instrument = instrument_for(name)
    return name.replace("_", " ") if instrument is None else f"{instrument.id} {time_of(name)}".strip()


def _form(fact: Fact | None, feature: Feature | None) -> tuple[str, tuple[str, ...]]:
    if fact is not None:
        return {"number": "number", "integer": "number", "answer": "answer", "names": "names"}[fact.kind], ()
    if feature is not None and feature.kind == "categorical":
        return "level", feature.levels
    return "number", ()
