"""How the effect modifiers were spread in the records, as data: what a missing one may be filled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from data_contracts.episode import FloatArray, IntArray

FILL_ARRAYS = ("fill_scores", "fill_values", "fill_correlation")
"""Names of the arrays of a policy: those of the attributes of ``FillSketch``."""


@dataclass(frozen=True)
class FillSketch:
    """The m effect modifiers' values at given normal scores, and how their scores go together. It stores no patient.

    Attributes:
        scores: (m, J) ascending normal scores. Of a number: where the knots stand; of a category: the upper end of
            each level, the last one far out. What is not used repeats the last.
        values: (m, J) at these scores: of a number the mean of at least 11 patients, except the outermost two, which
            are the ends of the feature's support; of a category the level's position among the feature's levels.
        correlation: (m, m) of the normal scores.
    """

    scores: FloatArray
    values: FloatArray
    correlation: FloatArray

    def numbers(self, modifier: int, scores: FloatArray) -> FloatArray:
        """(D,) values of a numeric modifier at (D,) normal scores."""
        return np.asarray(np.interp(scores, self.scores[modifier], self.values[modifier]), dtype=np.float64)

    def levels(self, modifier: int, scores: FloatArray) -> IntArray:
        """(D,) positions of the levels of a categorical modifier at (D,) normal scores."""
        ends = self.scores[modifier]
        at = np.minimum(np.searchsorted(ends, scores), len(ends) - 1)
        return np.asarray(self.values[modifier, at], dtype=np.int64)

    def score_of_number(self, modifier: int, value: float) -> float:
        """Normal score of a number; the middle of those that share it."""
        scores, values = self.scores[modifier], self.values[modifier]
        first, last = np.searchsorted(values, value, side="left"), np.searchsorted(values, value, side="right")
        if last > first:
            return float((scores[first] + scores[last - 1]) / 2)
        return float(np.interp(value, values, scores))

    def score_of_level(self, modifier: int, level: int) -> float:
        """Normal score in the middle of a level; 0, which says nothing, of one that the records did not hold."""
        ends = np.clip(np.unique(self.scores[modifier]), -FAR, FAR)
        at = np.flatnonzero(self.values[modifier] == level)
        if not len(at):
            return 0.0
        place = int(at[0])
        below = ends[place - 1] if place else -FAR
        return float((below + ends[min(place, len(ends) - 1)]) / 2)


FAR = 2.0
"""Normal score at which the open ends of the first and last level are taken to lie, when their middle is asked for."""


def fill_arrays(sketch: FillSketch) -> dict[str, FloatArray]:
    """The arrays by name."""
    return {name: getattr(sketch, field.name) for name, field in zip(FILL_ARRAYS, fields(FillSketch), strict=True)}


def fill_sketch_from(arrays: Mapping[str, FloatArray]) -> FillSketch:
    """What ``fill_arrays`` wrote; what is wrong with it is for ``fill_problems`` to say."""
    return FillSketch(*(arrays[name] for name in FILL_ARRAYS))


def fill_problems(sketch: FillSketch, modifiers: int) -> list[str]:
    """Names of the arrays that do not fit m effect modifiers, or hold what is no number; empty if all fit."""
    knots = sketch.values.shape[1:2] or (1,)
    wanted = ((modifiers, *knots), (modifiers, *knots), (modifiers, modifiers))
    found = fill_arrays(sketch)
    wrong = [
        name
        for (name, array), shape in zip(found.items(), wanted, strict=True)
        if array.shape != shape or not np.isfinite(array).all()
    ]
    if not wrong and (np.diff(sketch.scores, axis=1) < 0).any():
        wrong.append(FILL_ARRAYS[0])
    return wrong
