"""How far one weight must move, the others staying, before another arm comes first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray

ROUNDING = 1e-12


@dataclass(frozen=True)
class Crossing:
    """A weight from which on another arm comes first.

    Attributes:
        weight: the smallest change of the weight that does it leads here.
        arm: position of the arm that comes first beyond it.
    """

    weight: float
    arm: int


def crossings(
    values: FloatArray, weights: FloatArray, at: int, first: int, allowed: BoolArray, order: IntArray
) -> tuple[Crossing | None, Crossing | None]:
    """Where the first place changes when the weight on one attribute falls and when it rises; None if it does not.

    Utilities are straight lines in the weight, so it is the nearest crossing with the line of the first arm.

    Args:
        values: (K, M) of each arm in units of exchange, unknown ones at their least favourable.
        weights: (M,) that count.
        at: the attribute whose weight moves.
        first: the arm that comes first now.
        allowed: (K,) arms that are ranked.
        order: (K,) places by which an exact tie is broken.
    """
    if weights[at] > 0 and np.count_nonzero(weights) == 1:
        return None, None  # With one weight its size says nothing.
    gap = (values[first] - values) @ weights
    gains = values[:, at] - values[first, at]
    gap[first], gains[first] = np.inf, 0.0
    gap[~allowed] = np.inf
    here = float(weights[at])
    return _nearest(gap, -gains, here, -1, order), _nearest(gap, gains, here, 1, order)


def _nearest(gap: FloatArray, gains: FloatArray, here: float, sign: int, order: IntArray) -> Crossing | None:
    """The first line to cross as the weight moves in one direction; of several at once the steepest goes on ahead."""
    catching = np.flatnonzero((gains > ROUNDING) & np.isfinite(gap))
    if not len(catching):
        return None
    moves = np.maximum(gap[catching], 0.0) / gains[catching]
    nearest = moves.min()
    weight = here + sign * float(nearest)
    if weight <= ROUNDING * max(1.0, here) and sign < 0:
        return None  # Without this weight the first place is at most tied.
    together = catching[moves <= nearest * (1 + ROUNDING) + ROUNDING]
    ahead = sorted(together.tolist(), key=lambda arm: (-gains[arm], order[arm]))
    return Crossing(weight, ahead[0])
