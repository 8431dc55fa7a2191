"""The gates and their pass marks with reasons, read from `gates.yaml`: the only place that holds a mark."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.shipped import read_shipped

FILE = "gates.yaml"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateEntry(_Data):
    """What is known of a gate before any study.

    Attributes:
        judged: when: with the ``design``, before any effect exists; on ``effects``; or as an ``attack`` on them, which
            a study makes and a fit does not.
        missed: what becomes of a study that misses it: it has ``failed``; it has individual advice ``unearned``; or
            the study is ``refused`` before it is judged.
        asks: what it asks, in words.
        why: the reason for asking.
        page: of ``docs``, where more is told.
    """

    judged: Literal["design", "effects", "attack"]
    missed: Literal["failed", "unearned", "refused"]
    asks: str = Field(min_length=1)
    why: str = Field(min_length=1)
    page: str | None = None


class MarkEntry(_Data):
    """One pass mark.

    Attributes:
        value: what a study is asked whose protocol says nothing else, in ``unit``.
        direction: whether what is judged has to be at least or at most that; a ``level`` is one of confidence or of
            false alarm.
        unit: in words.
        judges: the quantity that is held against it.
        gates: whose mark it is.
        why: why this value.
        source: where it comes from.
        source_read: whether that source was read for it; else it is named from memory.
    """

    value: float
    direction: Literal["at_least", "at_most", "level"]
    unit: str = Field(min_length=1)
    judges: str = Field(min_length=1)
    gates: tuple[str, ...] = Field(min_length=1)
    why: str = Field(min_length=1)
    source: str = Field(min_length=1)
    source_read: bool


class GateBook(_Data):
    """Every gate, in the order in which a study tells them, and every mark.

    A new gate gets its entry in `gates.yaml`, and its marks fields of the same names in `GateMarks`; nothing else
    holds them. Tests compare the gates that a study tells, and the fields, with this book.

    Attributes:
        version: raised with every change of a mark.
        gates: by the name under which they are told.
        marks: by the key under which a protocol overrides them.
    """

    version: int = Field(ge=1)
    gates: dict[str, GateEntry]
    marks: dict[str, MarkEntry]

    @property
    def waivable(self) -> tuple[str, ...]:
        """Gates that can fail, and so can be waived."""
        return tuple(name for name, entry in self.gates.items() if entry.missed == "failed")

    def marks_of(self, gate: str) -> tuple[str, ...]:
        """Names of the marks of a gate."""
        return tuple(name for name, mark in self.marks.items() if gate in mark.gates)

    @model_validator(mode="after")
    def _known_gates(self) -> GateBook:
        named = {gate for mark in self.marks.values() for gate in mark.gates}
        if strangers := sorted(named - set(self.gates)):
            raise ValueError(f"marks name gates that there are not: {', '.join(strangers)}")
        return self


@cache
def load_gates() -> GateBook:
    """The gates and marks that are part of this package; read once."""
    return GateBook.model_validate(read_shipped(FILE))
