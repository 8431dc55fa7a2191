"""What is known of a patient and how old it is, and what is missing, in the order in which to ask it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from data_contracts.column_words import column_label, is_answer
from data_contracts.encoding import Feature
from data_contracts.fact import Fact, UnreadableFact, load_facts, read_fact
from data_contracts.instrument_name import instrument_for
from data_contracts.manifest import PolicyManifest
from data_contracts.meaning import Meaning
from data_contracts.profile import PatientProfile, Value
from data_contracts.recommendation import Recommendation
from data_contracts.would_change import WouldChange
from engine.fact_readings import is_stale

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
        said: the yes or no that a value stands for; None for what is no answer.
    """

    name: str
    label: str
    value: Value
    day: date | None
    days: int | None
    aged: bool
    used: bool
    said: bool | None = None


@dataclass(frozen=True)
class Question:
    """One thing to ask.

    Attributes:
        name: its key in the profile.
        label: in words.
        kind: how it is answered: yes or no (in words, or as 1 or 0), a number, one of a list, or names.
        levels: of a list.
        change: what knowing it would change, where it is a feature.
        rules: ids of the safety rules that ask for it.
        sure: whether nothing is ranked without it.
        before: labels of the therapies that are not offered without it; none if it is asked whatever is offered.
        limits: the least and the most that a number can be, where both are known.
    """

    name: str
    label: str
    kind: str
    levels: tuple[str, ...] = ()
    change: WouldChange | None = None
    rules: tuple[str, ...] = ()
    sure: bool = False
    before: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None


def known_of(
    profile: PatientProfile, answer: Recommendation, manifest: PolicyManifest, today: date
) -> tuple[Known, ...]:
    """What was given: what is too old to count first, what nobody reads last."""
    meanings = manifest.meanings
    facts = load_facts()
    found = []
    for name, value in profile.values.items():
        if value is None or value == "unknown":
            continue
        day = profile.as_of.get(name)
        days = None if day is None else (today - day).days
        aged = name in facts and is_aged(name, value, day, today)
        used, said = name not in answer.unused, _said(value) if is_answer(name, meanings) else None
        found.append(Known(name, column_label(name, meanings), value, day, days, aged, used, said))
    return tuple(sorted(found, key=lambda one: (not one.used, not one.aged)))


def questions_for(answer: Recommendation, manifest: PolicyManifest) -> tuple[Question, ...]:
    """What is missing: what keeps from a ranking first, then what would change it, then what rules ask for."""
    facts, features = load_facts(), {feature.name: feature for feature in manifest.encoding.features}
    rules: dict[str, list[str]] = {}
    for finding in answer.safety.findings:
        for name in finding.missing:
            rules.setdefault(name, []).append(finding.rule)
    before = _before(answer)
    changes = {change.feature: change for change in answer.would_change}
    first = [name for name in ASKED_FIRST if name in rules]
    keys = [name for name, change in changes.items() if change.key]
    names = dict.fromkeys((*first, *keys, *changes, *answer.missing, *rules))
    return tuple(
        Question(
            name,
            column_label(name, manifest.meanings),
            *_form(facts.get(name), features.get(name), manifest.meanings),
            changes.get(name),
            tuple(rules.get(name, ())),
            name in first or name in keys,
            before.get(name, ()),
            _limits(name, facts.get(name)),
        )
        for name in names
    )


def grouped(questions: Iterable[Question]) -> tuple[tuple[tuple[str, ...], tuple[Question, ...]], ...]:
    """Questions by the therapies that wait for them: those that are asked whatever is offered, then the widest."""
    found: dict[tuple[str, ...], list[Question]] = {}
    for question in questions:
        found.setdefault(question.before, []).append(question)
    ordered = sorted(found.items(), key=lambda one: (len(one[0]) > 0, -len(one[0])))
    return tuple((before, tuple(asked)) for before, asked in ordered)


def _before(answer: Recommendation) -> dict[str, tuple[str, ...]]:
    """By fact, the therapies that are not offered before it is known; nothing for what is asked anyway."""
    anyway = {name for one in answer.safety.findings if one.kind == "ask" for name in one.missing}
    found: dict[str, list[str]] = {}
    for arm in answer.arms:
        for name in arm.check_first:
            if name not in anyway:
                found.setdefault(name, []).append(arm.label)
    return {name: tuple(labels) for name, labels in found.items()}


def is_aged(fact: str, value: Value, day: date | None, today: date) -> bool:
    """Whether an answer is too old to count, as rules see it: of what is lifelong a yes never is, a no is."""
    try:
        return is_stale(fact, read_fact(fact, value), day, today)
    except UnreadableFact:
        return False


def _said(value: Value) -> bool | None:
    """What a value of a yes or no says; None where it cannot be read as one."""
    return {"yes": True, "1": True, "no": False, "0": False}.get(_plain(value))


def _plain(value: Value) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value).lower()


def _limits(name: str, fact: Fact | None) -> tuple[float, float] | None:
    """Between what a number lies: by the fact, else by the instrument whose total it is."""
    if fact is not None:
        return (fact.minimum, fact.maximum) if math.isfinite(fact.maximum - fact.minimum) else None
    instrument = instrument_for(name)
    return None if instrument is None else (instrument.minimum, instrument.maximum)


def _form(fact: Fact | None, feature: Feature | None, meanings: Mapping[str, Meaning]) -> tuple[str, tuple[str, ...]]:
    if fact is not None:
        return {"number": "number", "integer": "number", "answer": "answer", "names": "names"}[fact.kind], ()
    if feature is not None and feature.kind == "categorical":
        return "level", feature.levels
    if feature is not None and is_answer(feature.name, meanings):
        return "binary", ()
    return "number", ()
