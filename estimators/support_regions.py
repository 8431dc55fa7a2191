"""Regions of covariates in which an arm was hardly ever started, though a smooth propensity says that it was.

Rules of care (never over an age, never beside another drug) are cliffs that a logistic curve smooths over. A region
is a box of up to three sides; it is looked for by the likelihood ratio of Poisson counts, the starts seen against
those that the propensity expects (the scan statistic of Kulldorff 1997, Communications in Statistics 26:1481, with
boxes for circles).

Boxes that differ only in where one side is cut lie within each other. If s starts or fewer are unlikely enough in one
of them, so they are in the smallest of which that is true, which holds no more starts: a whole chain of boxes counts
as one for each s. The s share what is allowed to chance as 1 / ((s + 1)(s + 2)), which adds to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, comb, log

import numpy as np
from scipy.stats import poisson

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, count_patients, each_its_own
from data_contracts.support import SIDES
from estimators.support_grid import Grid, Half

REGIONS = 4
"""Regions of one arm at most."""

STARTS = 4
"""Boxes grown side by side, each from the best half-space of another column."""

ROUNDS = 3
"""Times that each side of a box is looked for again, given the others."""

CHANCE = 0.05
"""Chance that a study without such regions is said to have one: over all chains of boxes of all arms (Bonferroni)."""

LEAST = 1e-12


@dataclass(frozen=True)
class Starts:
    """Starts of one arm, seen and expected.

    Attributes:
        got: (n,) 1 for episodes of the arm, else 0.
        expected: (n,) propensity of the arm.
        left: (n,) episodes that are in no region yet.
        patient: (n,) whose each episode is.
        alike: episodes that tell as much as one of a patient of its own.
    """

    got: FloatArray
    expected: FloatArray
    left: BoolArray
    patient: IntArray
    alike: float = 1.0


def hardly_ever_regions(
    grid: Grid,
    got: BoolArray,
    expected: FloatArray,
    mark: float,
    arms: int,
    alike: float = 1.0,
    patient: IntArray | None = None,
) -> list[tuple[Half, ...]]:
    """Boxes in which an arm's share is at most ``mark`` and chance does not explain how few starts there are.

    Args:
        grid: where boxes may be cut.
        got: (n,) who started the arm.
        expected: (n,) the propensity of it.
        mark: share up to which an arm counts as hardly ever started.
        arms: number of arms that are searched.
        alike: how many episodes tell as much of who starts the arm as one of a patient of its own would.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    whose = each_its_own(len(got)) if patient is None else patient
    starts = Starts(got.astype(np.float64), expected, np.ones(len(got), dtype=np.bool_), whose, alike)
    found: list[tuple[Half, ...]] = []
    while len(found) < REGIONS and (box := _box(grid, starts, mark, arms)):
        found.append(box)
        starts = replace(starts, left=starts.left & ~_rows(grid, np.True_, box))
    return found


def _box(grid: Grid, starts: Starts, mark: float, arms: int) -> tuple[Half, ...] | None:
    """The least likely of the smallest boxes that pass; None if none does."""
    gains = _gains(grid, starts, starts.left)
    firsts = [(-float(gains[j].max()), _half(gains[j : j + 1], j)) for j in range(len(gains)) if gains[j].max() > 0]
    boxes: list[tuple[Half, ...]] = [(half,) for _, half in sorted(firsts)[:STARTS]]
    best = _Best(grid, starts)
    for sides in range(1, SIDES + 1):
        if sides > 1:
            boxes = [grown for box in boxes if len(grown := _grow(best, box)) == sides]
        chains = 2 * len(grid.edges) * comb(grid.halves, sides - 1)
        level = log(CHANCE) - log(arms) - log(max(chains, 1))
        chances = [(_log_chance(grid, starts, box, mark), box) for box in boxes]
        if passing := [pair for pair in chances if pair[0] <= level]:
            return min(passing)[1]
    return None


def _log_chance(grid: Grid, starts: Starts, box: Sequence[Half], mark: float) -> float:
    """Logarithm of the chance of so few starts in a box over the share of it that so many starts have; 0 where the
    arm's share is above the mark, or the box holds too few patients to tell of.
    """
    rows = _rows(grid, starts.left, box)
    seen = float(starts.got[rows].sum())
    if seen > mark * rows.sum() or count_patients(starts.patient[rows]) < MINIMUM_CELL:
        return 0.0
    seen, hoped = ceil(seen / starts.alike), float(starts.expected[rows].sum()) / starts.alike
    return float(poisson.logcdf(seen, hoped)) + log((seen + 1) * (seen + 2))


def _grow(best: _Best, box: tuple[Half, ...]) -> tuple[Half, ...]:
    """A box with one more side, then each side again at its best given the others; the box itself if none helps."""
    side = best.given(box)
    if side is None:
        return box
    sides = [*box, side]
    for _ in range(ROUNDS):
        before = list(sides)
        for i in range(len(sides)):
            others = sides[:i] + sides[i + 1 :]
            sides[i] = best.given(others) or sides[i]
        if sides == before:
            break
    return tuple(sides)


class _Best:
    """The best half-space within each box that is asked for: boxes that grow meet each other, and themselves."""

    def __init__(self, grid: Grid, starts: Starts) -> None:
        self._grid, self._starts = grid, starts
        self._known: dict[frozenset[Half], Half | None] = {}

    def given(self, box: Sequence[Half]) -> Half | None:
        """The half of the box with the largest log-likelihood ratio of a shortfall; None where there is no such."""
        asked = frozenset(box)
        if asked not in self._known:
            gains = _gains(self._grid, self._starts, _rows(self._grid, self._starts.left, box))
            self._known[asked] = _half(gains, 0) if gains.max(initial=0.0) > 0 else None
        return self._known[asked]


def _rows(grid: Grid, left: BoolArray | np.bool_, box: Sequence[Half]) -> BoolArray:
    """(n,) episodes left in a box."""
    return np.asarray(np.logical_and.reduce([np.broadcast_to(left, grid.codes.shape[1:]), *map(grid.inside, box)]))


def _half(gains: FloatArray, first: int) -> Half:
    """The half-space with the largest of the gains, those of columns from the ``first`` on."""
    at, below, cut = (int(place) for place in np.unravel_index(gains.argmax(), gains.shape))
    return Half(first + at, cut, -1 if below else 1)


def _gains(grid: Grid, starts: Starts, rows: BoolArray) -> FloatArray:
    """(q, 2, cuts) log-likelihood ratio of a shortfall above and below each column's cuts; 0 under 11 episodes."""
    cuts = np.array([len(edges) for edges in grid.edges], dtype=np.int64)
    counts = _counts(grid, starts, rows, int(cuts.max(initial=0)) + 1)
    below = counts.cumsum(axis=-1)
    size, seen, hoped = np.stack([below[..., -1:] - below, below], axis=2)[..., :-1]
    ratio = np.log(np.maximum(seen, LEAST) / np.maximum(hoped, LEAST))
    real = (seen < hoped) & (size >= MINIMUM_CELL) & (np.arange(size.shape[-1]) < cuts[:, None, None])
    return np.where(real, seen * ratio - seen + hoped, 0.0)


def _counts(grid: Grid, starts: Starts, rows: BoolArray, intervals: int) -> FloatArray:
    """(3, q, intervals) episodes, starts seen and starts expected among some (n,) rows, by interval of each column."""
    left = np.flatnonzero(rows)
    got, expected = np.flatnonzero(starts.got[left]), starts.expected[left]
    found = np.zeros((3, len(grid.edges), intervals))
    for column, codes in enumerate(grid.codes):
        here = codes if len(left) == len(codes) else codes[left]
        for row, counted in enumerate((np.bincount(here), np.bincount(here[got]), np.bincount(here, expected))):
            found[row, column, : len(counted)] = counted
    return found
