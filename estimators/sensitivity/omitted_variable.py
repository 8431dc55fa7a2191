"""Bias by a cause that was not measured, by how much of choice and outcome it explains.

For a doubly robust average the bias is at most S √(R²_y · R²_d / (1 - R²_d)), with R²_y and R²_d the shares of the
residual variance of outcome and choice that the cause explains, and S² the variance of the outcome's residuals times
the mean square of the weights by which arms are compared (Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis 2022,
Long story short: omitted variable bias in causal machine learning, arXiv:2112.13398). In a linear regression S is the
standard error times the root of the degrees of freedom, and all of it is that of Cinelli and Hazlett (2020, Making
sense of sensitivity, Journal of the Royal Statistical Society B 82:39).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from data_contracts.effects import ScoredEpisodes
from estimators.nuisances import MINIMUM_PROPENSITY

NEARLY = 1 - 1e-9


@dataclass(frozen=True)
class Strength:
    """Shares of residual variance, 0-1, that a cause explains: of the ``outcome`` and of the ``choice`` of arm."""

    outcome: float
    choice: float

    @property
    def reach(self) -> float:
        """Its bias as a multiple of S."""
        return math.sqrt(self.outcome * self.choice / max(1 - self.choice, 1 - NEARLY))

    def times(self, multiple: float) -> Strength:
        """The most that a cause explains which is at most ``multiple`` times as strong as this measured one.

        Cinelli and Hazlett (2020), section 4.4; valid for multiples below ``limit``.
        """
        odds = multiple * self.choice / (1 - self.choice)
        shared = multiple * self.choice**2 / ((1 - multiple * self.choice) * (1 - self.choice))
        with_outcome = ((math.sqrt(multiple) + math.sqrt(shared)) / math.sqrt(1 - shared)) ** 2
        return Strength(min(with_outcome * self.outcome / max(1 - self.outcome, 1 - NEARLY), 1.0), odds)

    @property
    def limit(self) -> float:
        """The multiple at which such a cause would explain all of the choice."""
        return (1 - self.choice) / self.choice if self.choice > 0 else math.inf

    def times_to_reach(self, reach: float) -> float | None:
        """The multiple of this strength with a bias of ``reach`` times S; None if none has it."""
        if reach <= 0:
            return 0.0
        if self.outcome <= 0 or self.choice <= 0:
            return None
        return float(brentq(lambda multiple: self.times(multiple).reach - reach, 0.0, NEARLY * self.limit))


def robustness_value(reach: float) -> float:
    """The share that a cause must explain of choice and outcome alike for a bias of ``reach`` (0 or more) times S."""
    squared = reach**2
    return (math.sqrt(squared**2 + 4 * squared) - squared) / 2


def bias_scale(data: ScoredEpisodes, one: int, other: int) -> float:
    """S of the average difference between two arms (codes), outcome units; weights are held-out ones.

    The mean square of the weights is taken as twice the mean of their own contrast less their mean square, which errs
    less where propensities do.
    """
    rows, pair = np.arange(len(data.arm)), np.isin(data.arm, (one, other))
    chance = np.maximum(data.propensity * data.observation, MINIMUM_PROPENSITY)
    seen = pair & ~np.isnan(data.outcome)
    own = np.maximum(data.propensity[rows, data.arm] * data.chance_observed, MINIMUM_PROPENSITY)
    weight = np.where(seen, 1 / own, 0.0)
    residual = np.where(seen, data.outcome - data.expected[rows, data.arm], 0.0)
    observed = np.maximum(data.chance_observed, MINIMUM_PROPENSITY)
    variance = float((residual**2 / observed).mean())
    contrast = float((1 / chance[:, one] + 1 / chance[:, other]).mean())
    square = float((weight**2).mean())
    return math.sqrt(variance * max(2 * contrast - square, contrast / 2))
