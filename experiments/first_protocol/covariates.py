"""Sorts what is left of a table: what to adjust for, what came later, and what only a person can tell.

A column enters the protocol only if its name says that it was known before the therapy was chosen. To adjust for what
came after hides effects, or makes them up; to leave out what was known leaves confounding. Neither is guessed in
silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from data_contracts.instrument_name import item_for
from experiments.first_protocol.hints import AFTER, BEFORE, GROUPS, MODIFIERS, NOMINAL
from experiments.first_protocol.look import Look
from experiments.first_protocol.outcome import Measured, Score

LATER_TIME = re.compile(r"(?:week|wk|month|mon|day|session|visit)s?_?0*[1-9]", re.IGNORECASE)


@dataclass(frozen=True)
class Covariates:
    """The rest of a table's columns.

    Attributes:
        modifiers, confounders: what to adjust for; effects may vary with the first.
        undecided: of which nothing tells whether they were known before the therapy was chosen.
        later: which seem to be measured after it.
        unusable: the others, each with the reason.
        groups: by which fairness is judged.
        categorical: numbers that are codes of categories without an order.
    """

    modifiers: tuple[str, ...]
    confounders: tuple[str, ...]
    undecided: tuple[str, ...]
    later: tuple[str, ...]
    unusable: dict[str, str]
    groups: tuple[str, ...]
    categorical: tuple[str, ...]


def covariates_of(looks: Sequence[Look], scores: Sequence[Score], outcome: Measured) -> Covariates:
    """Sort the columns that have no role yet; the baseline of the outcome is an effect modifier.

    Args:
        looks: of the columns without a role, the outcome's baseline among them.
        scores: totals of instruments.
        outcome: the primary one.
    """
    first = {one.look.name for one in scores if one.days == 0} | ({outcome.baseline} - {None})
    totals = {one.look.name for one in scores if one.days is not None}
    added_up = {one.instrument.id for one in scores if one.look.name in first}
    sorted_into: dict[str, list[str]] = {"modifiers": [], "confounders": [], "undecided": [], "later": []}
    unusable: dict[str, str] = {}
    for look in looks:
        if fault := look.fault or _part_of(look.name, added_up):
            unusable[look.name] = fault
        elif look.name in first:
            sorted_into["modifiers"].append(look.name)
        else:
            sorted_into["later" if look.name in totals else _place(look)].append(look.name)
    known = {*sorted_into["modifiers"], *sorted_into["confounders"]}
    return Covariates(
        **{place: tuple(names) for place, names in sorted_into.items()},
        unusable=unusable,
        groups=tuple(look.name for look in looks if look.name in known and look.is_coded and look.words & GROUPS),
        categorical=tuple(look.name for look in looks if look.name in known and _is_nominal(look)),
    )


def _part_of(name: str, added_up: Collection[str]) -> str:
    """What a single answer is part of, if that is known at the start; empty if it is none."""
    item = item_for(name)
    return (
        f"an item of the {item.instrument.id}, whose total stands above"
        if item and item.instrument.id in added_up
        else ""
    )


def _place(look: Look) -> str:
    if look.words & AFTER or LATER_TIME.search(look.name):
        return "later"
    if item_for(look.name) is not None or not look.words & BEFORE:
        return "undecided"
    return "modifiers" if look.words & MODIFIERS else "confounders"


def _is_nominal(look: Look) -> bool:
    return look.kind == "number" and look.is_coded and look.levels > 2 and bool(look.words & NOMINAL)
