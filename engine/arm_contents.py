"""What an arm holds, as far as its therapy and its name tell, and whether a rule's groups of arms include it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from data_contracts.rule_group import Group
from data_contracts.therapy import therapy_for

NamedArm: TypeAlias = tuple[str, str | None]
"""An arm's name in the protocol, and its therapy's key in the catalogue if it has one."""

MIXED = ("COMB", "AUG")
"""Therapies that hold others; an arm's name may tell which."""


class Membership(IntEnum):
    """Whether an arm belongs to a group; ``UNTOLD`` if nothing tells which therapies it holds."""

    NO = 0
    UNTOLD = 1
    POSSIBLE = 2
    CERTAIN = 3


@dataclass(frozen=True)
class Contents:
    """What one arm holds.

    Attributes:
        name: the arm's, in lower case with underscores.
        keys: therapies of the catalogue; those that the name tells stand in for a combination.
        drugs: single drugs that its name tells.
    """

    name: str
    keys: frozenset[str]
    drugs: frozenset[str]


def contents_of(arm: NamedArm, drugs: Collection[str]) -> Contents:
    """What an arm holds, by its therapy and by the drugs that its name tells."""
    name, therapy = plain(arm[0]), arm[1]
    told = frozenset(drug for drug in drugs if f"_{drug}_" in f"_{name}_")
    if therapy is not None and therapy not in MIXED:
        return Contents(name, frozenset({therapy}), told)
    words = [found for word in (name, *name.split("_")) if (found := therapy_for(word, {}))]
    keys = {found.key for found in words} | ({therapy} if therapy else set())
    if any(found.kind == "medication" and found.key not in MIXED for found in words):
        keys.discard("COMB")
    return Contents(name, frozenset(keys), told)


def membership(contents: Contents, groups: Iterable[Group]) -> Membership:
    """The closest of an arm's relations to the groups."""
    return max((_relation(contents, group) for group in groups), default=Membership.NO)


def named_in(contents: Contents, names: Collection[str], drugs: Collection[str]) -> Membership:
    """Whether an arm is named; a name that means no known therapy possibly means any."""
    return max((_named(contents, plain(name), drugs) for name in names), default=Membership.NO)


def plain(name: str) -> str:
    """A name in lower case with underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower().replace("'", "")).strip("_")


def _relation(contents: Contents, group: Group) -> Membership:
    if contents.drugs & set(group.without):
        return Membership.NO
    if contents.drugs & set(group.drugs) or contents.keys & group.certain_keys:
        return Membership.CERTAIN
    if contents.keys & group.possible_keys and (not contents.drugs or "AUG" in contents.keys):
        return Membership.POSSIBLE
    by_therapy = group.certain or group.possible
    return Membership.UNTOLD if by_therapy and not contents.keys else Membership.NO


def _named(contents: Contents, name: str, drugs: Collection[str]) -> Membership:
    if name == contents.name or name in contents.drugs:
        return Membership.CERTAIN
    if not contents.keys:
        return Membership.UNTOLD
    therapy = therapy_for(name, {})
    if therapy is None:
        return Membership.NO if name in drugs and contents.drugs else Membership.POSSIBLE
    if name not in drugs and therapy.key in contents.keys:
        return Membership.CERTAIN
    may_hold = therapy.key in contents.keys or contents.keys & set(MIXED)
    return Membership.POSSIBLE if may_hold and (not contents.drugs or "AUG" in contents.keys) else Membership.NO
