"""What an arm holds, as far as its therapy and its name tell, and whether a rule's groups of arms include it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from data_contracts.arm_words import ArmWords, plain
from data_contracts.rule_group import Group
from data_contracts.therapy import load_therapies, therapies_in, therapy_for

NamedArm: TypeAlias = tuple[str, str | None]
"""An arm's name in the protocol, and its therapy's key in the catalogue if it has one."""

SOME_ANTIDEPRESSANT = "COMB"
"""The therapy that holds an antidepressant of which nobody knows the class."""

MIXED = (SOME_ANTIDEPRESSANT, "AUG")
"""Therapies that hold others; an arm's name may tell which."""

_DOSE = re.compile(r"(?P<drug>[a-z]{4,})[0-9]+(?:mg)?|[0-9]+[a-z]{0,2}|[a-z][0-9]+")
"""A drug with its dose written onto it, and a number with its unit."""


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
        is_whole: whether that is all; not if nothing is known, or the name holds words that nobody knows.
    """

    name: str
    keys: frozenset[str]
    drugs: frozenset[str]
    is_whole: bool = True


def contents_of(arm: NamedArm, words: ArmWords) -> Contents:
    """What an arm holds, by its therapy and by what its name tells; a therapy never takes a named drug away."""
    name, therapy = plain(arm[0]), arm[1]
    told = list(_told(name, words))
    drugs = words.drugs_in(told)
    keys = {found.key for drug in drugs.values() if (found := therapy_for(drug, {}))} | (
        {therapy} if therapy else set()
    )
    named = therapies_in("_".join(told))
    if therapy is None or therapy in MIXED:
        keys |= {found.key for found in named.values()}
    tells_which = drugs or any(_is_medicine(key) for key in keys)
    if not tells_which and set(told) & {*words.antidepressant_words}:
        keys.add(SOME_ANTIDEPRESSANT)
    elif tells_which and any(_is_medicine(key) for key in keys):
        keys.discard(SOME_ANTIDEPRESSANT)
    known = bool(therapy or therapy_for(name, {}))
    is_whole = known or (bool(keys) and not _left(told, [*drugs, *named], words))
    return Contents(name, frozenset(keys), frozenset(drugs.values()), is_whole)


def membership(contents: Contents, groups: Iterable[Group]) -> Membership:
    """The closest of an arm's relations to the groups."""
    return max((_relation(contents, group) for group in groups), default=Membership.NO)


def named_in(contents: Contents, names: Collection[str], words: ArmWords) -> Membership:
    """Whether an arm is named; a name that means no known therapy possibly means any."""
    return max((_named(contents, plain(name), words) for name in names), default=Membership.NO)


def _told(name: str, words: ArmWords) -> Iterator[str]:
    """The words of a name that tell what is there; of a drug with its dose the drug alone."""
    before = ""
    for word in name.split("_"):
        if before not in words.without_words:
            dose = _DOSE.fullmatch(word)
            yield dose["drug"] if dose and dose["drug"] in words.drug_of else word
        before = word


def _left(told: Sequence[str], explained: Iterable[str], words: ArmWords) -> bool:
    """Whether words are left that nobody knows."""
    known = {part for name in explained for part in name.split("_")} | {*words.antidepressant_words} | words.silent
    return any(word not in known and not _DOSE.fullmatch(word) for word in told)


def _is_medicine(key: str) -> bool:
    return key not in MIXED and load_therapies()[key].kind == "medication"


def _relation(contents: Contents, group: Group) -> Membership:
    if contents.drugs & set(group.without):
        return Membership.NO
    if contents.drugs & set(group.drugs) or contents.keys & group.certain_keys:
        return Membership.CERTAIN
    if contents.keys & group.possible_keys and (not contents.drugs or "AUG" in contents.keys):
        return Membership.POSSIBLE
    by_therapy = group.certain or group.possible
    return Membership.UNTOLD if by_therapy and not contents.is_whole else Membership.NO


def _named(contents: Contents, name: str, words: ArmWords) -> Membership:
    drugs = set(words.drugs_in(name.split("_")).values())
    if name == contents.name or drugs & contents.drugs:
        return Membership.CERTAIN
    if not contents.is_whole:
        return Membership.UNTOLD
    classes = {} if drugs else therapies_in(name)
    if contents.keys & {found.key for found in classes.values()}:
        return Membership.CERTAIN
    keys = {found.key for told in (drugs or {name}) if (found := therapy_for(told, {}))}
    if not keys:
        return Membership.NO if drugs and contents.drugs else Membership.POSSIBLE
    may_hold = keys & contents.keys or contents.keys & set(MIXED)
    return Membership.POSSIBLE if may_hold and (not contents.drugs or "AUG" in contents.keys) else Membership.NO
