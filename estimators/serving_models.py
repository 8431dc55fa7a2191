"""The served forms of two nuisances: who is supported, and what outcome is to be expected.

Both are fitted on all episodes, linear in the standardised covariates, so that serving needs no library.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import RidgeCV

from data_contracts.effects import ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray
from estimators.outcome_models import PENALTIES
from estimators.probability_models import fit_calibrated, served_logits


def support_model(covariates: FloatArray, data: ScoredEpisodes) -> FloatArray:
    """(K, 1 + q) coefficients of the calibrated multinomial logistic propensity."""
    return served_logits(fit_calibrated("logistic", covariates, data.arm, data.cluster))


def outcome_model(
    covariates: FloatArray, data: ScoredEpisodes, served: ServedEffects
) -> tuple[FloatArray, FloatArray]:
    """(1 + q,) coefficients of the reference arm's expected outcome, and (K,) residual standard deviations by arm.

    The served effect is taken off each observed outcome first, so that expected outcomes and effects agree:
    expected outcome of arm k = reference's + effect k. Residuals are held out by fold.
    """
    seen = ~np.isnan(data.outcome)
    effects = served.over(data.features)
    without = data.outcome - effects[np.arange(len(data.arm)), data.arm]
    residual = np.full(len(data.arm), np.nan)
    for fold in np.unique(data.fold):
        train, test = seen & (data.fold != fold), seen & (data.fold == fold)
        ridge = RidgeCV(PENALTIES).fit(covariates[train], without[train])
        residual[test] = without[test] - ridge.predict(covariates[test])
    ridge = RidgeCV(PENALTIES).fit(covariates[seen], without[seen])
    spread = [float(np.sqrt(np.nanmean(residual[data.arm == k] ** 2))) for k in range(data.scores.shape[1])]
    return np.concatenate([[ridge.intercept_], ridge.coef_]), np.asarray(spread)
