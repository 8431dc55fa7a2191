"""What a column of baselines is called, in words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping

from data_contracts.fact import load_facts
from data_contracts.instrument_name import instrument_for, time_of
from data_contracts.meaning import Meaning

_NUMBERED = re.compile(r"(?<=[a-z])(?=[0-9])")


def column_words(name: str, meanings: Mapping[str, Meaning]) -> str:
    """A column inside a sentence: as the protocol says, else as its label, but for a name that is a word already.

    Args:
        name: of the column.
        meanings: what the protocol says of its columns.
    """
    if name in meanings:
        return meanings[name].words
    return column_label(name, meanings) if re.search(r"[_0-9]", name) else name


def column_label(name: str, meanings: Mapping[str, Meaning]) -> str:
    """A column beside its value: as the protocol says, with the unit; else a safety fact's meaning, an instrument and
    its time, or its own name without underscores.
    """
    if name in meanings:
        return ", ".join(part for part in (meanings[name].words, meanings[name].unit) if part)
    if name in load_facts():
        return load_facts()[name].meaning
    instrument = instrument_for(name)
    if instrument is None:
        return name.replace("_", " ")
    time = _NUMBERED.sub(" ", time_of(name)).replace("_", " ")
    return f"{instrument.id}, {time}" if time else instrument.id


def is_answer(name: str, meanings: Mapping[str, Meaning]) -> bool:
    """Whether a column's 1 is a yes and its 0 a no, by the protocol or as the safety fact of that name."""
    if name in load_facts():
        return load_facts()[name].kind == "answer"
    return name in meanings and meanings[name].answer
