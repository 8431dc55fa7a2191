"""Outcome ranges as data: what holds the outcome of a patient who starts an arm, whatever causes it.

Weighted split conformal prediction (Tibshirani, Barber, Candès and Ramdas 2019, *Conformal prediction under covariate
shift*), for the outcome under each arm as in Lei and Candès (2021, *Conformal inference of counterfactuals and
individual treatment effects*). Residuals stand in cells, so that no patient's can be read. Within and beyond the cells
a tail is taken as straight in the logarithm of its level, as it is where excesses are exponential.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.patient_count import MINIMUM_CELL

WIDEST = 2.0
"""No patient's expected absolute residual lies further than this from the average patient's, as a logarithm."""


TINY = 1e-12

APART = 2000.0
"""Between one tail's levels and the next one's, when all stand in one row: the logarithm of a number is above -746."""


@dataclass(frozen=True)
class Tails:
    """Both tails of K arms' residuals: quantiles that are linear in the logarithm of the level between knots.

    All knots stand in one row, so that one search finds those of all arms. Beyond a tail's first and last knot its
    quantile stays what it is there.

    Attributes:
        shift: (K, 2) what is added to the log-levels of each arm's lower and upper tail in the row.
        row: ascending log-levels of all knots, shifted; a tail's first knot is where the data end, half a residual's
            share of the outermost cell.
        log_level: the same, not shifted.
        quantile: at these levels; the upper tail's is turned round. NaN for an arm without a range.
        slope: of the quantile from each knot to the next.
    """

    shift: FloatArray
    row: FloatArray
    log_level: FloatArray
    quantile: FloatArray
    slope: FloatArray

    def quantiles(self, log_level: FloatArray) -> FloatArray:
        """(..., K) log-levels to the (..., K, 2) quantiles of the arms' tails; NaN where the level is."""
        level = log_level[..., None]
        knot = self.row.searchsorted(level + self.shift, side="right")
        knot -= 1
        found = level - self.log_level.take(knot)
        found *= self.slope.take(knot)
        found += self.quantile.take(knot)
        return np.asarray(found)


@dataclass(frozen=True)
class OutcomeRanges:
    """Outcome ranges of K arms, benefit scale.

    Attributes:
        spread: (1 + q,) coefficients of the logarithm of the expected absolute residual, on (1, covariates).
        cells: (K, J, 2) of each cell of at least 11 residuals, in ascending order: the sum of their weights, in units
            of one over a propensity, and their mean, in units of the patient's expected absolute residual. Unused
            cells stand last and have weight 0; an arm whose cells all do has no range.
    """

    spread: FloatArray
    cells: FloatArray

    @cached_property
    def _totals(self) -> FloatArray:
        """(K,) weight of all residuals of each arm, never 0."""
        return np.array([max(cells[:, 0].sum(), TINY) for cells in self.cells])

    @cached_property
    def _tails(self) -> Tails:
        return _in_one_row([tail for cells in self.cells for tail in _tails(cells[cells[:, 0] > 0])])

    def of(
        self, expected: FloatArray, covariates: FloatArray, propensity: FloatArray, confidence: float
    ) -> tuple[FloatArray, FloatArray]:
        """Ends (..., K) of one patient's ranges or of many's, lower and upper; NaN where the records are too few.

        The patient's own weight, one over the propensity, counts as an outcome that may lie beyond every other; where
        it alone exceeds a tail, no range is finite. A residual stands at the middle of its own weight, which is the
        patient's on average, so that half of that is taken off the tail. Each patient's numbers are the same, to the
        last bit, whoever else is asked about.

        Args:
            expected: (..., K) expected outcomes.
            covariates: (..., q) standardised covariates.
            propensity: (..., K) probabilities of each arm.
            confidence: the share of such patients whose outcome is to lie inside.
        """
        tail = (1 - confidence) / 2
        own = 1 / (self._totals * propensity)
        log_level = np.log(np.where((1 - tail) * own < tail, tail - (0.5 - tail) * own, np.nan))
        beyond = expected_residual(self.spread, covariates)[..., None, None] * self._tails.quantiles(log_level)
        return expected + beyond[..., 0], expected - beyond[..., 1]


def expected_residual(spread: FloatArray, covariates: FloatArray) -> FloatArray:
    """(...,) expected absolute residuals at (..., q) covariates, outcome units, from their (1 + q,) coefficients."""
    above = np.minimum(np.maximum(np.vecdot(covariates, spread[1:]), -WIDEST), WIDEST)
    return np.asarray(np.exp(above + float(spread[0])), dtype=np.float64)


def _in_one_row(tails: Sequence[tuple[FloatArray, FloatArray]]) -> Tails:
    """2 K tails, each led by a knot that lies before any level and holds its first quantile."""
    levels = [np.concatenate([[level[0] - APART / 2], level]) for level, _ in tails]
    quantiles = [np.concatenate([quantile[:1], quantile]) for _, quantile in tails]
    slopes = [np.diff(quantile) / np.diff(level) for level, quantile in zip(levels, quantiles, strict=True)]
    shift = APART * np.arange(float(len(tails)))
    return Tails(
        shift=shift.reshape(-1, 2),
        row=np.concatenate([level + start for level, start in zip(levels, shift, strict=True)]),
        log_level=np.concatenate(levels),
        quantile=np.concatenate(quantiles),
        slope=np.concatenate([np.append(slope, 0.0) for slope in slopes]),
    )


def _tails(cells: FloatArray) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """An arm's lower tail, and the upper one turned round, from (J, 2) cells that are used."""
    if len(cells) < 2:
        return (np.zeros(1), np.full(1, np.nan)), (np.zeros(1), np.full(1, np.nan))
    share, mean = cells[:, 0] / cells[:, 0].sum(), cells[:, 1]
    return _tail(share, mean), _tail(share[::-1], -mean[::-1])


def _tail(share: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The tail from (J,) cells, the outermost first: log-levels of its knots, ascending, and quantiles at them.

    A quantile that is linear in the logarithm of the level has its mean over the levels from a to b at the mean
    logarithm there, (b ln b - a ln a) / (b - a) - 1.
    """
    ends = np.concatenate([[0.0], np.cumsum(share)])
    product = ends * np.log(np.where(ends > 0, ends, 1.0))
    at = np.diff(product) / share - 1
    last = np.log(share[0] / (2 * MINIMUM_CELL))
    slope = (mean[1] - mean[0]) / (at[1] - at[0])
    beyond = mean[0] - slope * (at[0] - last)
    return np.concatenate([[last], at]), np.concatenate([[beyond], mean])
