"""The served forms of two nuisances: who is supported, and what outcome is to be expected.

Both are fitted on all episodes, linear in the standardised covariates, so that serving needs no library.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from data_contracts.effects import ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray, IntArray
from estimators.folds import deal
from estimators.linear_regression import linear_regression
from estimators.probability_models import INNER_FOLDS, LogisticByFold, served_logits


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

    @property
    def patient(self) -> IntArray:
        """(n,) codes of patients."""
        ...


def support_model(
    covariates: FloatArray, data: Started, logistic: LogisticByFold | None = None
) -> tuple[FloatArray, FloatArray]:
    """(K, 1 + q) coefficients of the calibrated multinomial logistic propensity, and (n, K) what it says held out.

    The probabilities are of models that saw no arm of the row's fold, calibrated alike: a model that saw who started
    an arm thinks them likelier to than it thinks others like them.

    Args:
        covariates: (n, q) standardised.
        logistic: the propensity as the study's folds have it; without it one is fitted, with folds of its own.
    """
    if logistic is None:
        fold = deal(data.arm, np.zeros_like(data.arm), data.cluster, INNER_FOLDS, seed=0)
        logistic = LogisticByFold.fit(covariates, data.arm, fold)
    found = logistic.calibrated(data.arm)
    return served_logits(found), found.scaling.apply(logistic.held_out)


def outcome_model(covariates: FloatArray, data: ScoredEpisodes, served: ServedEffects) -> FloatArray:
    """(1 + q,) coefficients of the reference arm's expected outcome.

    The served effect is taken off each observed outcome first, so that expected outcomes and effects agree:
    expected outcome of arm k = reference's + effect k.
    """
    seen = ~np.isnan(data.outcome)
    without = data.outcome - served.of(data)[np.arange(len(data.arm)), data.arm]
    return linear_regression(covariates[seen], without[seen])
