"""Answers to an item that safety rules ask about, recorded under another name of that item: they may raise an alarm.

Whoever sends `phq9_q9` has told of PHQ-9 item 9. It is not known of which day that is, so it never calms one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from data_contracts.fact import Answer, UnreadableFact, load_facts, read_fact
from data_contracts.instrument_name import item_for
from data_contracts.instrument_record import answer_sheets
from data_contracts.profile import Value

NOTHING = 0.0
"""The answer to an item that speaks of nothing."""


def with_other_names(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """The values; an item not given by a safety fact's name has the gravest answer under another, if above 0."""
    lacking = [fact for fact in items() if is_blank(fact, values.get(fact))]
    if not lacking:
        return values
    others = other_names(frozenset(values))
    found = {fact: gravest(fact, [values[name] for name in others[fact]]) for fact in lacking if fact in others}
    told = {fact: answer for fact, answer in found.items() if answer is not None}
    return {**values, **told} if told else values


def gravest(fact: str, answers: Sequence[object]) -> float | None:
    """The gravest of some answers to an item; None if none can be read, or none is above 0."""
    known: list[float] = []
    for answer in answers:
        try:
            reading = read_fact(fact, answer)
        except UnreadableFact:  # asked about where the record is checked
            continue
        known += [reading] if isinstance(reading, float) and reading > NOTHING else []
    return max(known, default=None)


def is_blank(fact: str, value: object) -> bool:
    """Whether nothing is known of a fact by its own name."""
    if value is None:
        return True
    try:
        return read_fact(fact, value) is Answer.UNKNOWN
    except UnreadableFact:
        return False


@cache
def items() -> tuple[str, ...]:
    """The safety facts that are an item of an instrument."""
    return tuple(fact for fact in load_facts() if item_for(fact))


@lru_cache(maxsize=256)
def other_names(names: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """By safety fact that is an item, which of these names mean the same item at the same time."""
    found = {}
    for fact in items():
        alike = [columns for sheet in answer_sheets(names | {fact}) for columns in sheet.items if fact in columns]
        others = tuple(name for columns in alike for name in columns if name != fact)
        if others:
            found[fact] = others
    return found
