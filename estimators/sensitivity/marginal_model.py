"""Bounds under the marginal sensitivity model: a cause that changes anybody's odds of an arm by at most Γ.

Tan (2006, Journal of the American Statistical Association 101:1619). The bounds are the sharp ones in the doubly
valid form of Dorn, Guo and Kallus (2021, arXiv:2112.11449): of those who did not get the arm, the outcome under it is
at most 1/Γ of what is expected plus 1 - 1/Γ of the mean of the residuals' upper tail of level Γ / (1 + Γ). A misjudged
tail makes them too wide, not too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.outcome_range import expected_residual
from estimators.nuisances import MINIMUM_PROPENSITY
from estimators.spread import fit_spread

LARGEST = 10.0
"""The largest odds ratio that is looked at."""


@dataclass(frozen=True)
class Tail:
    """The residuals of one arm, by which what was not seen is bounded; N of n patients got it and were followed up.

    Attributes:
        rows: (N,) positions of these patients.
        residual: (N,) in units of the expected absolute residual, in ascending order as all that follows.
        weight: (N,) one over the probability of getting the arm and being observed.
        spread: (n,) expected absolute residual of everybody.
        untreated: (n,) probability of another arm.
    """

    rows: IntArray
    residual: FloatArray
    weight: FloatArray
    spread: FloatArray
    untreated: FloatArray

    def excess(self, gamma: float, sign: int) -> FloatArray:
        """(n,) scores whose mean is what the mean outcome may lie above (sign 1) or below (-1) what is estimated."""
        residual, order = sign * self.residual, slice(None, None, sign)
        weight = self.weight[order]
        values, level = residual[order], gamma / (1 + gamma)
        cumulative = np.cumsum(weight) / weight.sum()
        cut = float(values[min(int(np.searchsorted(cumulative, level)), len(values) - 1)])
        beyond = cut + np.maximum(residual - cut, 0.0) / (1 - level)
        mean = float(np.average(beyond, weights=self.weight))
        found = self.spread * self.untreated * mean
        here = self.untreated[self.rows] * self.spread[self.rows]
        found[self.rows] += self.weight * here * (beyond - mean)
        return np.asarray((1 - 1 / gamma) * found)


def tail_of(data: ScoredEpisodes, covariates: FloatArray, arm: int) -> Tail:
    """The residuals of one arm (code), on the benefit scale.

    Args:
        covariates: (n, q) standardised.
    """
    residual = data.outcome - data.expected[:, arm]
    got = (data.arm == arm) & ~np.isnan(residual)
    spread = expected_residual(fit_spread(covariates[got], residual[got]), covariates)
    rows = np.flatnonzero(got)
    chance = np.maximum(data.propensity[rows, arm] * data.chance_observed[rows], MINIMUM_PROPENSITY)
    scaled = residual[rows] / spread[rows]
    order = np.argsort(scaled, kind="stable")
    return Tail(rows[order], scaled[order], 1 / chance[order], spread, 1 - data.propensity[:, arm])


def flip_gamma(data: ScoredEpisodes, tails: list[Tail], first: int, other: int, rows: BoolArray) -> float | None:
    """The odds ratio at which another arm may be as good as the first for some patients; None above ``LARGEST``.

    Args:
        tails: of all arms.
        first, other: codes of the two.
        rows: (n,) the patients.
    """
    gap = float((data.scores[rows, first] - data.scores[rows, other]).mean())
    if gap <= 0:
        return 1.0

    def left(gamma: float) -> float:
        lost = tails[first].excess(gamma, -1) + tails[other].excess(gamma, 1)
        return gap - float(lost[rows].mean())

    return None if left(LARGEST) > 0 else float(brentq(left, 1.0, LARGEST, xtol=1e-4))
