"""One answer on a model card: what is told, by whom, and from which part of the report its figures come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from data_contracts.model_card import AnswerState, Origin

Summary: TypeAlias = Mapping[str, Any]
"""Content of report.json."""

CLOSED = "The design of the study failed, so that no effect was computed and there is nothing to judge."
FIT_ALONE = "`equipoise-lab fit` does not look at it; `equipoise-lab study` does."


STATES: Mapping[str, str] = {
    "passed": "passed",
    "failed": "FAILED",
    "waived": "WAIVED",
    "unearned": "not earned",
    "not_assessed": "not assessed",
}
"""States of a gate, in words."""


@dataclass(frozen=True)
class Answer:
    """What a card says of one attribute; fields as in ``FilledAttribute``."""

    state: AnswerState
    origin: Origin
    text: tuple[str, ...]
    read_from: tuple[str, ...] = ()


def from_study(text: Sequence[str], *read: str) -> Answer:
    """Read off the run.

    Args:
        read: keys of report.json that every figure in the text comes from.
    """
    return Answer("given", "study", tuple(text), read)


def from_product(*text: str) -> Answer:
    """True of every study."""
    return Answer("given", "product", text)


def stated(what: str, *statements: str | None) -> Answer:
    """What people say in the protocol's card; where they say nothing, that it is not stated.

    Args:
        what: the question, within a sentence.
    """
    said = tuple(text for text in statements if text)
    silent = f"Not stated: the protocol's card does not say {what}."
    return Answer("given", "protocol", said, ("protocol",)) if said else Answer("not_stated", "protocol", (silent,))


def not_done(*why: str, read: Sequence[str] = ()) -> Answer:
    """Nobody looked at it."""
    return Answer("not_done", "study", why, tuple(read))


def not_available(*why: str, read: Sequence[str] = ()) -> Answer:
    """It was looked for, and cannot be told."""
    return Answer("not_available", "study", why, tuple(read))


def is_attacked(summary: Summary) -> bool:
    """Whether groups and unmeasured causes were looked at."""
    return summary["fairness"] is not None


def gate_lines(summary: Summary, names: Sequence[str]) -> list[str]:
    """Gates of these names with how they came out, in their own sentences."""
    found = [gate for gate in summary["gates"] if gate["name"] in names]
    return [f"{_spoken(gate['name'])}, {STATES[gate['state']]}: {gate['sentence']}" for gate in found]


def _spoken(name: str) -> str:
    return name.replace("_", " ")
