"""Recognises which instrument's total, or which of its items, a column holds, by how its name begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.instrument import Instrument, load_instruments

_GLUED = re.compile(
    r"(?:(?:week|wk|month|mon|mo|day|visit|time|session)s?\d*|[wmdvts]\d+|\d+(?:wk|w|mo|m|d)"
    r"|total|tot|score|sum|pre|post|baseline|base|bl|start|end)*"
)
"""What may be written onto an instrument's name without a break and still mean its total."""

_NOT_TOTAL = re.compile(
    r"(?:item|items|i|q|question)\d*|change|delta|diff|difference|band|severity|category|cat|caseness|case"
    r"|response|responder|remission|recovery|recovered|improvement|deterioration|difficulty|date|flag|missing"
)
"""Words after an instrument's name that make the column something else than its total."""

_ITEM = re.compile(r"(?:(?P<before>.*)_)?(?:item|i|question|q)_?(?P<number>[0-9]{1,3})(?:_(?P<after>.*))?")
_SUM_WORDS = re.compile(r"total|tot|score|sum|points")


@dataclass(frozen=True)
class NamedItem:
    """What the name of a column with a single answer says.

    Attributes:
        instrument: whose item it is.
        number: which, 1 first.
        time: the words for the time of the answers, joined by underscores; empty if there are none.
    """

    instrument: Instrument
    number: int
    time: str


def item_for(column: str) -> NamedItem | None:
    """The item that a column holds (`phq9_item9`, `phq9_week0_q9`); None for anything that is not surely one.

    Another version of an instrument, or an item that it does not have, is none.
    """
    words = re.findall(r"[a-z0-9]+", column.lower())
    for instrument in load_instruments().values():
        for name in instrument.columns:
            behind = _behind(name, words)
            if behind is not None:
                return _item(instrument, [word for word in (behind[0], *behind[1]) if word])
    return None


def time_of(column: str) -> str:
    """The words for the time of an instrument's total, as in ``NamedItem``; empty if its name has none."""
    words = re.findall(r"[a-z0-9]+", column.lower())
    for instrument in load_instruments().values():
        for name in instrument.columns:
            behind = _behind(name, words)
            if behind is not None:
                return "_".join(word for word in (behind[0], *behind[1]) if word and not _SUM_WORDS.fullmatch(word))
    return ""


def instrument_for(column: str) -> Instrument | None:
    """The instrument whose total a column (or a unit such as "PHQ-9 points") holds, by how its name begins.

    None for anything that is not surely a total: a single item, a change, a band, another version, and a
    bare number that could be an item's (`phq9_9`, `bdi_2`; but `bdi_2m` is two months).
    """
    words = re.findall(r"[a-z0-9]+", column.lower())
    for instrument in load_instruments().values():
        for name in instrument.columns:
            behind = _behind(name, words)
            if behind is not None:
                return instrument if _is_total(instrument, *behind) else None
    return None


def _behind(name: str, words: Sequence[str]) -> tuple[str, Sequence[str]] | None:
    """What is glued to a name that the first words spell, and the words after; None if they spell something else."""
    spelled = ""
    for count, word in enumerate(words, start=1):
        spelled += word
        if spelled.startswith(name):
            return spelled[len(name) :], words[count:]
        if not name.startswith(spelled):
            return None
    return None


def _item(instrument: Instrument, words: Sequence[str]) -> NamedItem | None:
    match = _ITEM.fullmatch("_".join(words))
    if match is None or not 1 <= int(match["number"]) <= instrument.item_count.value:
        return None
    time = [word for part in (match["before"], match["after"]) for word in (part or "").split("_") if word]
    if not all(_GLUED.fullmatch(word) or word.isdigit() for word in time):
        return None
    return NamedItem(instrument, int(match["number"]), "_".join(time))


def _is_total(instrument: Instrument, glued: str, rest: Sequence[str]) -> bool:
    """Whether what follows an instrument's name leaves it a total."""
    if not _GLUED.fullmatch(glued):
        return False
    if any(_NOT_TOTAL.fullmatch(word) or word in instrument.other_versions for word in rest):
        return False
    bare_number = not glued and len(rest) == 1 and rest[0].isdigit()
    return not bare_number or int(rest[0]) > instrument.item_count.value
