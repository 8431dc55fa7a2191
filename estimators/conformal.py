"""Outcome ranges by weighted split conformal prediction: residuals held out by fold, in cells that show no patient.

The residuals of those who got an arm and whose outcome was observed are weighted by one over the probability of that,
so that they stand for everybody: Tibshirani, Barber, Candès and Ramdas (2019); Lei and Candès (2021).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.outcome_range import OutcomeRanges, expected_residual
from estimators.linear_regression import linear_regression
from estimators.nuisances import MINIMUM_PROPENSITY
from estimators.patient_cells import even_parts
from estimators.spread import fit_spread

CELLS = 80
"""Cells of an arm, at most."""

FEWEST_CELLS = 3
"""An arm with fewer cells has no range."""


def outcome_ranges(covariates: FloatArray, data: ScoredEpisodes, effects: FloatArray, can: BoolArray) -> OutcomeRanges:
    """Ranges of the outcome under each arm, for the patients for whom it is supported.

    Args:
        covariates: (n, q) standardised.
        data: episodes, with held-out probabilities of their arms and of being observed.
        effects: (n, K) effects that models of the other folds predict.
        can: (n, K) whether each arm is supported for the patient; the residual of one who got another does not count.
    """
    residual = held_out_residuals(covariates, data, effects)
    spread = np.full(len(residual), np.nan)
    for train, test in _folds(data):
        spread[test] = expected_residual(fit_spread(covariates[train], residual[train]), covariates[test])
    scaled = residual / spread
    every = np.arange(len(residual))
    weight = 1 / np.maximum(data.propensity[every, data.arm] * data.chance_observed, MINIMUM_PROPENSITY)
    counted = ~np.isnan(scaled) & can[every, data.arm]
    arms = []
    for k in range(data.scores.shape[1]):
        got = data.arm == k
        observed = float((~np.isnan(data.outcome[got])).mean())
        rows = got & counted
        arms.append(_cells(scaled[rows], observed * weight[rows], data.patient[rows]))
    cells = np.zeros((len(arms), max(1, *(len(found) for found in arms)), 2))
    for k, found in enumerate(arms):
        cells[k, : len(found)] = found
    seen = ~np.isnan(residual)
    return OutcomeRanges(spread=fit_spread(covariates[seen], residual[seen]), cells=cells)


def held_out_residuals(covariates: FloatArray, data: ScoredEpisodes, effects: FloatArray) -> FloatArray:
    """(n,) outcomes less the effect and the reference's expected outcome, both of the other folds; NaN if lost."""
    without = data.outcome - effects[np.arange(len(data.arm)), data.arm]
    residual = np.full(len(data.arm), np.nan)
    for train, test in _folds(data):
        weights = linear_regression(covariates[train], without[train])
        residual[test] = without[test] - weights[0] - covariates[test] @ weights[1:]
    return residual


def _folds(data: ScoredEpisodes) -> list[tuple[BoolArray, BoolArray]]:
    """For each fold the observed episodes outside and inside it."""
    seen = ~np.isnan(data.outcome)
    return [(seen & (data.fold != k), seen & (data.fold == k)) for k in np.unique(data.fold)]


def _cells(residual: FloatArray, weight: FloatArray, patient: IntArray) -> FloatArray:
    """(J, 2) weight and weighted mean of cells of as many residuals each, ascending; none if there are too few.

    Each is of patients enough that it is nobody's residual.
    """
    order = np.argsort(residual, kind="stable")
    parts = [order[part] for part in even_parts(patient[order], CELLS)]
    if len(parts) < FEWEST_CELLS:
        return np.zeros((0, 2))
    return np.array([(weight[rows].sum(), np.average(residual[rows], weights=weight[rows])) for rows in parts])
