"""How far one weight must move, the others staying, before another arm comes first.

Plain numbers: one patient's dozen of arms is asked about attribute by attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Lead:
    """How far the first arm is ahead of the others, by K arms' values of M attributes.

    Attributes:
        values: (K, M) of each arm in units of exchange, unknown ones at their least favourable.
        weights: (M,) that count.
        first: the arm that comes first now.
        others: the other arms that are ranked, each with how far it is behind as utility, 0 or more.
        order: (K,) places by which an exact tie is broken.
    """

    values: Sequence[Sequence[float]]
    weights: Sequence[float]
    first: int
    others: Sequence[tuple[int, float]]
    order: Sequence[int]

    @classmethod
    def of(
        cls,
        values: Sequence[Sequence[float]],
        weights: Sequence[float],
        first: int,
        allowed: Sequence[bool],
        order: Sequence[int],
    ) -> Lead:
        """The lead of the first arm over every other (K,) allowed one."""
        utilities = [sum(map(float.__mul__, row, weights)) for row in values]
        others = [
            (arm, max(utilities[first] - utility, 0.0))
            for arm, utility in enumerate(utilities)
            if allowed[arm] and arm != first
        ]
        return cls(values, weights, first, others, order)

    def crossings(self, at: int) -> tuple[Crossing | None, Crossing | None]:
        """Where the first place changes when the weight on one attribute falls and when it rises; None if it does not.

        Utilities are straight lines in the weight, so it is the nearest crossing with the line of the first arm.
        """
        here, own = self.weights[at], self.values[self.first][at]
        if here > 0 and sum(weight != 0 for weight in self.weights) == 1:
            return None, None  # With one weight its size says nothing.
        gains = [(arm, behind, self.values[arm][at] - own) for arm, behind in self.others]
        falls = [(arm, behind, -gain) for arm, behind, gain in gains if gain < -ROUNDING]
        rises = [one for one in gains if one[2] > ROUNDING]
        return self._nearest(falls, here, -1), self._nearest(rises, here, 1)

    def _nearest(self, catching: Sequence[tuple[int, float, float]], here: float, sign: int) -> Crossing | None:
        """The first line to cross as the weight moves in one direction; of several at once the steepest goes ahead."""
        if not catching:
            return None
        nearest = min(behind / gain for _, behind, gain in catching)
        weight = here + sign * nearest
        if weight <= ROUNDING * max(1.0, here) and sign < 0:
            return None  # Without this weight the first place is at most tied.
        near = nearest * (1 + ROUNDING) + ROUNDING
        together = [(-gain, self.order[arm], arm) for arm, behind, gain in catching if behind / gain <= near]
        return Crossing(weight, min(together)[2])
