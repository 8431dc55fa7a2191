"""Whether patients like this one really got each arm, as data: the same verdict when learning, judging and serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL

LOWEST, STEP, CELLS = -8.0, 0.25, 64
"""Grid of an arm's log-odds: 64 cells of a quarter from -8 to 8; the first and last hold what lies beyond."""

REACH = 6
"""Cells to either side that count as similar: odds of the arm within a factor of five (exp(6.5 / 4))."""

SUPPORTED, HARDLY_EVER, TOO_FEW = 0, 1, 2
"""Verdicts: may be compared; the records show that such patients hardly ever got it; too few of them did to tell."""

SIDES = 3
"""Sides of a region at most."""

LEAST = 1e-300


@dataclass(frozen=True)
class Side:
    """One side of a region: sign * z[column] > bound."""

    column: int
    sign: float
    bound: float


class Regions(TypedDict):
    """Regions in the arrays of ``Support``."""

    region_arm: IntArray
    region_column: IntArray
    region_sign: FloatArray
    region_bound: FloatArray


@dataclass(frozen=True)
class Support:
    """Who is supported for which of K arms, by their (q,) standardised covariates z.

    Attributes:
        logits: (K, 1 + q) coefficients of the calibrated propensity, softmax(logits · (1, z)).
        hardly_ever: (K,) log-odds of the arm under which the records show that it was hardly ever started.
        similar: (K, CELLS) patients who started the arm and have log-odds about the cell's, in bands of 11 (0, 11,
            22 …), so that 0 stands for fewer than 11; fewer where episodes of one patient are alike.
        region_arm: (R,) the arm that was hardly ever started in a region.
        region_column, region_sign, region_bound: (R, SIDES) a patient lies in a region if sign * z[column] > bound
            on each side; a side that is not needed has sign 0 and bound -1.
    """

    logits: FloatArray
    hardly_ever: FloatArray
    similar: FloatArray
    region_arm: IntArray
    region_column: IntArray
    region_sign: FloatArray
    region_bound: FloatArray

    @classmethod
    def of_propensity(cls, logits: FloatArray) -> Support:
        """A propensity alone, of which nothing has been counted yet: nobody has similar patients."""
        arms = len(logits)
        return cls(logits, np.full(arms, LOWEST), np.zeros((arms, CELLS)), **pack_regions(()))

    def log_odds(self, covariates: FloatArray) -> FloatArray:
        """(..., q) covariates to (..., K) log-odds of each arm against all others together."""
        intercepts, slopes = self._linear
        scores = np.vecdot(slopes, covariates[..., None, :])
        scores += intercepts
        scores -= np.maximum.reduce(scores, axis=-1, keepdims=True)
        weights = np.exp(scores, out=scores)
        others = np.add.reduce(weights, axis=-1, keepdims=True) - weights
        odds = np.maximum(weights, LEAST)
        odds /= np.maximum(others, LEAST)
        return np.asarray(np.log(odds, out=odds), dtype=np.float64)

    def verdicts(self, covariates: FloatArray) -> IntArray:
        """(..., q) covariates, of one patient or of many, to (..., K) verdicts."""
        return self.verdicts_at(self.log_odds(covariates), covariates)

    def verdicts_at(self, log_odds: FloatArray, covariates: FloatArray) -> IntArray:
        """The same where the (..., K) log-odds of these covariates are known already."""
        return self.verdicts_by(log_odds, self.similar_at(log_odds), covariates)

    def verdicts_by(self, log_odds: FloatArray, similar: FloatArray, covariates: FloatArray) -> IntArray:
        """The same where the (..., K) similar patients who got each arm are known, too."""
        hardly = log_odds < self.hardly_ever
        if len(self.region_arm):
            hardly |= self._in_region(covariates)
        few = similar < MINIMUM_CELL
        return np.where(hardly, HARDLY_EVER, np.where(few, TOO_FEW, SUPPORTED))

    def similar_at(self, log_odds: FloatArray) -> FloatArray:
        """(..., K) log-odds to (..., K) patients of each arm who were about as likely to get it, in bands."""
        return self.similar.take(log_odds_cell(log_odds) + self._first_cells)

    def _in_region(self, covariates: FloatArray) -> BoolArray:
        """(..., K) whether a patient lies in a region of the arm."""
        inside = (self.region_sign * covariates[..., self.region_column] > self.region_bound).all(axis=-1)
        return np.asarray(inside @ self._of_arm > 0)

    @cached_property
    def _linear(self) -> tuple[FloatArray, FloatArray]:
        """(K,) intercepts and (K, q) slopes of the logits."""
        return np.ascontiguousarray(self.logits[:, 0]), np.ascontiguousarray(self.logits[:, 1:])

    @cached_property
    def _arms(self) -> IntArray:
        return np.arange(len(self.logits))

    @cached_property
    def _first_cells(self) -> IntArray:
        """(K,) where each arm's cells begin if all stand in one row."""
        return CELLS * self._arms

    @cached_property
    def _of_arm(self) -> FloatArray:
        """(R, K) 1 where the region is the arm's."""
        return np.asarray(self.region_arm[:, None] == self._arms, dtype=np.float64)


def probability_of(log_odds: FloatArray) -> FloatArray:
    """Probability of each log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def log_odds_of(probability: FloatArray) -> FloatArray:
    """Log-odds of each probability; finite for 0 and 1 too."""
    return np.asarray(np.log(np.maximum(probability, LEAST)) - np.log(np.maximum(1 - probability, LEAST)))


def log_odds_cell(log_odds: FloatArray) -> IntArray:
    """Cell of the grid that each log-odds falls in."""
    return np.minimum(np.maximum(((log_odds - LOWEST) / STEP).astype(np.int64), 0), CELLS - 1)


def pack_regions(found: Sequence[tuple[int, Sequence[Side]]]) -> Regions:
    """Arms with the sides of their regions, as arrays."""
    unused = Side(0, 0.0, -1.0)
    rows = [[*sides, *[unused] * (SIDES - len(sides))] for _, sides in found]
    table = np.array([[(side.column, side.sign, side.bound) for side in row] for row in rows], dtype=np.float64)
    table = table.reshape(len(rows), SIDES, 3)
    return Regions(
        region_arm=np.array([arm for arm, _ in found], dtype=np.int64),
        region_column=table[:, :, 0].astype(np.int64),
        region_sign=table[:, :, 1],
        region_bound=table[:, :, 2],
    )
