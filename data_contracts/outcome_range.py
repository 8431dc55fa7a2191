"""Outcome ranges as data: what holds the outcome of a patient who starts an arm, whatever causes it.

Weighted split conformal prediction (Tibshirani, Barber, Candès and Ramdas 2019, *Conformal prediction under covariate
shift*), for the outcome under each arm as in Lei and Candès (2021, *Conformal inference of counterfactuals and
individual treatment effects*). Residuals stand in cells, so that no patient's can be read. Within and beyond the cells
a tail is taken as straight in the logarithm of its level, as it is where excesses are exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_contracts.column_checks import MINIMUM_CELL
from data_contracts.episode import FloatArray

WIDEST = 2.0
"""No patient's expected absolute residual lies further than this from the average patient's, as a logarithm."""


@dataclass(frozen=True)
class Tail:
    """One tail of an arm's residuals: quantiles that are linear in the logarithm of the level between knots.

    Attributes:
        log_level: ascending; the first is where the data end, half a residual's share of the outermost cell.
        quantile: at these levels.
    """

    log_level: FloatArray
    quantile: FloatArray


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
    def totals(self) -> FloatArray:
        """(K,) weight of all residuals of each arm; NaN for an arm without a range."""
        return np.array(
            [
                np.nan if tails is None else cells[:, 0].sum()
                for tails, cells in zip(self.tails, self.cells, strict=True)
            ]
        )

    @cached_property
    def tails(self) -> tuple[tuple[Tail, Tail] | None, ...]:
        """Of each arm the lower tail, and the upper one turned round; None for an arm without a range."""
        return tuple(_tails(cells[cells[:, 0] > 0]) for cells in self.cells)

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
        own = 1 / (self.totals * propensity)
        log_level = np.log(np.where((1 - tail) * own < tail, tail - (0.5 - tail) * own, np.nan))
        below, above = np.full(log_level.shape, np.nan), np.full(log_level.shape, np.nan)
        for k, tails in enumerate(self.tails):
            if tails is not None:
                below[..., k] = np.interp(log_level[..., k], tails[0].log_level, tails[0].quantile)
                above[..., k] = np.interp(log_level[..., k], tails[1].log_level, tails[1].quantile)
        spread = expected_residual(self.spread, covariates)[..., None]
        return expected + spread * below, expected - spread * above


def expected_residual(spread: FloatArray, covariates: FloatArray) -> FloatArray:
    """(...,) expected absolute residuals at (..., q) covariates, outcome units, from their (1 + q,) coefficients."""
    above = np.clip(np.vecdot(covariates, spread[1:]), -WIDEST, WIDEST)
    return np.asarray(np.exp(spread[0] + above), dtype=np.float64)


def _tails(cells: FloatArray) -> tuple[Tail, Tail] | None:
    if len(cells) < 2:
        return None
    share, mean = cells[:, 0] / cells[:, 0].sum(), cells[:, 1]
    return _tail(share, mean), _tail(share[::-1], -mean[::-1])


def _tail(share: FloatArray, mean: FloatArray) -> Tail:
    """The tail from (J,) cells, the outermost first.

    A quantile that is linear in the logarithm of the level has its mean over the levels from a to b at the mean
    logarithm there, (b ln b - a ln a) / (b - a) - 1.
    """
    ends = np.concatenate([[0.0], np.cumsum(share)])
    product = ends * np.log(np.where(ends > 0, ends, 1.0))
    at = np.diff(product) / share - 1
    last = np.log(share[0] / (2 * MINIMUM_CELL))
    slope = (mean[1] - mean[0]) / (at[1] - at[0])
    beyond = mean[0] - slope * (at[0] - last)
    return Tail(np.concatenate([[last], at]), np.concatenate([[beyond], mean]))
