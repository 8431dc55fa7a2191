"""What a column of baselines is called, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from pydantic import Field

from data_contracts.fact import load_facts
from data_contracts.figure import FrozenFact
from data_contracts.instrument_name import instrument_for, time_of
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped

_NUMBERED = re.compile(r"(?<=[a-z])(?=[0-9])")


class ColumnWord(FrozenFact):
    """A column of baselines in words.

    Attributes:
        column: its name in a study's table.
        words: what it holds.
        answer: whether it holds a yes as 1 and a no as 0.
    """

    column: str = Field(min_length=1)
    words: str = Field(min_length=1)
    answer: bool = False


class _ColumnWords(FrozenFact):
    version: int = Field(ge=1)
    columns: tuple[ColumnWord, ...]


@cache
def load_column_words() -> Mapping[str, ColumnWord]:
    """Those of `terminology/column_words.yaml`, by column; read once from the package."""
    raw = read_shipped("terminology", "column_words.yaml")
    found = parse_document(_ColumnWords, raw, where="column_words.yaml").columns
    return MappingProxyType({one.column: one for one in found})


def column_label(name: str) -> str:
    """A column in words: a safety fact's meaning, a shipped word, an instrument and its time, else its own name."""
    if name in load_facts():
        return load_facts()[name].meaning
    if name in load_column_words():
        return load_column_words()[name].words
    instrument = instrument_for(name)
    if instrument is None:
        return name.replace("_", " ")
    time = _NUMBERED.sub(" ", time_of(name)).replace("_", " ")
    return f"{instrument.id}, {time}" if time else instrument.id


def is_answer(name: str) -> bool:
    """Whether a column's 1 is a yes and its 0 a no."""
    if name in load_facts():
        return load_facts()[name].kind == "answer"
    return name in load_column_words() and load_column_words()[name].answer


def in_words(sentence: str, columns: Iterable[str]) -> str:
    """A sentence with the names of columns in words.

    Only names that no English word could be (with a digit or an underscore) are looked for, and only whole ones.
    """
    names = sorted((name for name in columns if re.search(r"[_0-9]", name)), key=len, reverse=True)
    if not names:
        return sentence
    whole = rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])"
    return re.sub(whole, lambda found: column_label(found.group()), sentence)
