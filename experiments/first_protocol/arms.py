"""Names the arms: as a protocol writes names, how the table writes them, and which the others are compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from data_contracts.cell_text import cell_texts
from data_contracts.episode import Column
from data_contracts.patient_count import MINIMUM_CELL
from data_contracts.therapy import therapy_for
from experiments.first_protocol.hints import CARE_AS_USUAL
from experiments.first_protocol.plain_name import plain_name


@dataclass(frozen=True)
class NamedArms:
    """The arms of a column.

    Attributes:
        names: those with 11 patients or more, the reference first, then the commonest.
        written: how the table writes those whose name differs.
        why: why the first is the reference.
        unknown: names that the catalogue of therapies does not know, but for care as usual, which is none.
        rare: values of fewer patients, and ``rare_rows``; they are told by number alone.
    """

    names: tuple[str, ...]
    written: dict[str, str]
    why: str
    unknown: tuple[str, ...]
    rare: int
    rare_rows: int


def named_arms(column: Column, patients: Sequence[str]) -> NamedArms:
    """Name the arms of a column of words or codes; ``patients`` tells whose each row is."""
    texts = cell_texts(column)
    counts = Counter(filter(None, texts))
    had_by = Counter(text for text, _ in {*zip(texts, patients, strict=True)})
    common = [value for value, _ in counts.most_common() if had_by[value] >= MINIMUM_CELL]
    names: dict[str, str] = {}
    for value in common:
        names[value] = _apart(plain_name(value), {*names.values(), *common} - {value})
    usual = [value for value in common if set(names[value].split("_")) & CARE_AS_USUAL]
    ordered = [*usual[:1], *(value for value in common if value not in usual[:1])]
    rare = [count for value, count in counts.items() if had_by[value] < MINIMUM_CELL]
    told = tuple(names[value] for value in ordered)
    return NamedArms(
        names=told,
        written={names[value]: value for value in ordered if names[value] != value},
        why="its name" if usual else "the commonest",
        unknown=tuple(name for value, name in names.items() if value not in usual and therapy_for(name, {}) is None),
        rare=len(rare),
        rare_rows=sum(rare),
    )


def _apart(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it if another arm has it."""
    return next(one for one in (name, *(f"{name}_{at}" for at in range(2, 1000))) if one not in taken)
