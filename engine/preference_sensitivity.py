"""How far one weight must move, the others staying, before another arm comes first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray

ROUNDING = 1e-12

BOTH_WAYS = np.array([-1.0, 1.0])[:, None, None]
"""A weight falls, or rises."""


@dataclass(frozen=True)
class Crossing:
    """A weight from which on another arm comes first.

    Attributes:
        weight: the smallest change of the weight that does it leads here.
        arm: position of the arm that comes first beyond it.
    """

    weight: float
    arm: int


Crossings = list[tuple[Crossing | None, Crossing | None]]
"""Of each attribute, where the first place changes when its weight falls and when it rises; None if it does not."""


def crossings(values: FloatArray, weights: FloatArray, first: int, allowed: BoolArray, order: IntArray) -> Crossings:
    """Where the first place changes as the weight on each of M attributes moves.

    Utilities are straight lines in a weight, so it is the nearest crossing with the line of the first arm; of several
    at once the steepest goes ahead.

    Args:
        values: (K, M) of the arms in units of exchange, unknown ones at their least favourable.
        weights: (M,) that count.
        first: the arm that comes first now.
        allowed: (K,) arms that are ranked.
        order: (K,) places by which an exact tie is broken.
    """
    others = np.argsort(order)
    others = others[allowed[others] & (others != first)]
    nothing = [None] * len(weights)
    if not len(others):
        return list(zip(nothing, nothing, strict=True))
    utility = values @ weights
    behind = np.maximum(utility[first] - utility[others], 0.0)[:, None]
    falls, rises = _nearest(behind, BOTH_WAYS * (values[others] - values[first]), others)
    here, alone = weights.tolist(), np.count_nonzero(weights) == 1  # With one weight its size says nothing.
    return [
        (None, None) if alone and weight > 0 else (_crossing(weight, -1, *fall), _crossing(weight, 1, *rise))
        for weight, fall, rise in zip(here, falls, rises, strict=True)
    ]


def _nearest(behind: FloatArray, gains: FloatArray, others: IntArray) -> list[list[tuple[float, int]]]:
    """Either way, of each attribute by how much its weight must move until an arm catches up, and that arm.

    It is infinite where none does.

    Args:
        behind: (others, 1) how far each arm is behind.
        gains: (2, others, M) how much it gains by each unit by which a weight falls, or rises.
        others: positions of the arms, in the order by which an exact tie is broken.
    """
    catches = gains > ROUNDING
    away = np.where(catches, behind / np.where(catches, gains, 1.0), np.inf)
    nearest = np.minimum.reduce(away, axis=1)
    together = catches & (away <= (nearest * (1 + ROUNDING) + ROUNDING)[:, None])
    arms = others.take(np.where(together, gains, 0.0).argmax(axis=1))
    return [list(zip(*way, strict=True)) for way in zip(nearest.tolist(), arms.tolist(), strict=True)]


def _crossing(here: float, sign: int, away: float, arm: int) -> Crossing | None:
    weight = here + sign * away
    if weight == np.inf or (sign < 0 and weight <= ROUNDING * max(1.0, here)):
        return None  # No arm catches up; or without this weight the first place is at most tied.
    return Crossing(weight, arm)
