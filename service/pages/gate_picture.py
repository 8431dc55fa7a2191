"""Gates at a glance: each figure against its mark, all marks on one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from data_contracts.gate import Asked, Gate, GateState
from data_contracts.gate_book import GateEntry, load_gates

MIDDLE = 50.0
"""Where all marks stand, in percent of the picture; right of it they are met."""

REACH = 46.0
"""How far from there the farthest figure can lie."""

Phase = Literal["design", "effects", "attack"]
STATES: tuple[GateState, ...] = ("failed", "waived", "unearned", "not_assessed", "passed")
"""What has to be looked at first stands first."""


@dataclass(frozen=True)
class Place:
    """Where a figure and its interval lie in the picture, in percent of its width; right is better.

    Attributes:
        value: of the figure.
        lower, upper: of the interval's ends, the left one first; both the figure's own where there is none.
    """

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class GateRow:
    """One gate.

    Attributes:
        gate: what came.
        entry: what is known of such a gate before any study; None of a gate that this version does not know.
        place: where its figure is drawn; None where mark or figure is no number.
    """

    gate: Gate
    entry: GateEntry | None
    place: Place | None

    @property
    def plain(self) -> bool:
        """Whether its sentence is to be seen at once: it did not pass, or passed though short of its mark."""
        return self.gate.state != "passed" or (self.place is not None and self.place.value < MIDDLE)


@dataclass(frozen=True)
class GatePicture:
    """All gates of a study.

    Attributes:
        rows: in the order in which the study tells them.
    """

    rows: tuple[GateRow, ...]

    @property
    def phases(self) -> Iterator[tuple[Phase, tuple[GateRow, ...]]]:
        """The rows by when they are judged; gates that this version does not know stand last."""
        for phase in get_args(Phase):
            found = tuple(row for row in self.rows if (row.entry.judged if row.entry else "attack") == phase)
            if found:
                yield phase, found

    @property
    def tally(self) -> tuple[tuple[GateState, int], ...]:
        """How many are in each state that any is in, what has to be looked at first."""
        return tally_of([row.gate for row in self.rows])


def gate_picture(gates: Sequence[Gate]) -> GatePicture:
    """The picture of a study's gates."""
    known = load_gates().gates
    return GatePicture(tuple(GateRow(gate, known.get(gate.name), place_of(gate)) for gate in gates))


def tally_of(gates: Sequence[Gate]) -> tuple[tuple[GateState, int], ...]:
    """How many gates are in each state that any is in."""
    counts = Counter(gate.state for gate in gates)
    return tuple((state, counts[state]) for state in STATES if counts[state])


def place_of(gate: Gate) -> Place | None:
    """Where a gate's figure lies beside its mark: in multiples of the mark, squeezed so that none lies outside.

    A figure one mark away stands half way to the edge. Where the mark is 0, the farthest of figure and interval does.
    """
    if gate.value is None or gate.asked is None:
        return None
    room = sorted(_room(one, gate.asked) for one in (gate.lower, gate.upper) if one is not None)
    value = _room(gate.value, gate.asked)
    unit = abs(gate.asked.value) or max(abs(one) for one in (value, *room)) or 1.0
    ends = [min([value, *room]), max([value, *room])]
    drawn = [round(MIDDLE + REACH * one / (abs(one) + unit), 2) for one in (value, *ends)]
    return Place(*drawn)


def _room(figure: float, asked: Asked) -> float:
    """How far a figure is on the good side of its mark."""
    return figure - asked.value if asked.direction == "at_least" else asked.value - figure
