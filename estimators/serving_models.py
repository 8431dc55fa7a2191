"""The served forms of two nuisances: who is supported, and what outcome is to be expected.

Both are fitted on all episodes, linear in the standardised covariates, so that serving needs no library.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from data_contracts.effects import ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray, IntArray
from estimators.linear_regression import linear_regression
from estimators.probability_models import LOGISTIC, LogisticByFold, fit_calibrated, served_logits


class Started(Protocol):
    """Which of the arms each of n episodes started, and whose episode it is."""

    @property
    def arm(self) -> IntArray:
        """(n,) codes."""
        ...

    @property
    def cluster(self) -> IntArray:
        """(n,) codes of units that vary together."""
        ...


def support_model(covariates: FloatArray, data: Started, logistic: LogisticByFold | None = None) -> FloatArray:
    """(K, 1 + q) coefficients of the calibrated multinomial logistic propensity.

    Args:
        covariates: (n, q) standardised.
        logistic: the propensity as the study's folds have it; without it one is fitted, with folds of its own.
    """
    if logistic is None:
        return served_logits(fit_calibrated(LOGISTIC, covariates, data.arm, data.cluster))
    return served_logits(logistic.calibrated(data.arm))


def outcome_model(covariates: FloatArray, data: ScoredEpisodes, served: ServedEffects) -> FloatArray:
    """(1 + q,) coefficients of the reference arm's expected outcome.

    The served effect is taken off each observed outcome first, so that expected outcomes and effects agree:
    expected outcome of arm k = reference's + effect k.
    """
    seen = ~np.isnan(data.outcome)
    without = data.outcome - served.of(data)[np.arange(len(data.arm)), data.arm]
    return linear_regression(covariates[seen], without[seen])
