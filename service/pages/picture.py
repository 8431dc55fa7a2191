"""The scale that all options' intervals are drawn on: one picture, row by row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_contracts.interval import Interval

WIDTH = 100.0
"""Of the picture, in percent: so it fills its column, whatever that is."""
MARGIN = 4.0
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
TICKS = 5
"""About how many marks the scale has."""


@dataclass(frozen=True)
class Scale:
    """A straight scale from values to places in the picture.

    Attributes:
        lower, upper: the values at its ends.
        ticks: round values between them.
    """

    lower: float
    upper: float
    ticks: Sequence[float]

    def x(self, value: float) -> float:
        """Where a value lies, from 0 to WIDTH."""
        share = (value - self.lower) / (self.upper - self.lower)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * share, 2)

    def width(self, interval: Interval) -> float:
        """How wide an interval is drawn."""
        return round(self.x(interval.upper) - self.x(interval.lower), 2)


def scale_for(intervals: Iterable[Interval]) -> Scale:
    """The scale that shows all intervals whole, and nothing, with round marks."""
    shown = list(intervals)
    lower = min([0.0, *(one.lower for one in shown)])
    upper = max([0.0, *(one.upper for one in shown)])
    if upper - lower < 1e-9:
        lower, upper = -1.0, 1.0
    step = _round_step((upper - lower) / TICKS)
    first, last = math.floor(lower / step + 1e-9), math.ceil(upper / step - 1e-9)
    ticks = tuple(i * step for i in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in STEPS if step * power >= least * (1 - 1e-9))
