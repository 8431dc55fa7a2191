"""Recognises which instrument's total a column holds, by how its name begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def _is_total(instrument: Instrument, glued: str, rest: Sequence[str]) -> bool:
    """Whether what follows an instrument's name leaves it a total."""
    if not _GLUED.fullmatch(glued):
        return False
    if any(_NOT_TOTAL.fullmatch(word) or word in instrument.other_versions for word in rest):
        return False
    bare_number = not glued and len(rest) == 1 and rest[0].isdigit()
    return not bare_number or int(rest[0]) > instrument.item_count.value
