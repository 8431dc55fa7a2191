"""Stacking: how much of each candidate's deviations is served, and what held-out data say of the result.

On the residual scale, held-out residual outcomes are regressed on what each candidate predicts of them,
Σ_k (1[T = k] - e_k) δ_k(x), with weights that are not negative and are drawn by a normal prior towards an equal share
of each leading model and none of the others.
Weights of the prediction that is judged come from the other folds, so that the evidence is honest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import nnls

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import clustered_covariance
from estimators.design_effect import design_effects
from estimators.residual_scale import residuals

PRIOR_SD = 0.4
"""Prior standard deviation of each weight."""


@dataclass(frozen=True)
class Stack:
    """Weights of the candidates and the held-out evidence on their stack.

    Attributes:
        weights: (C,) from all folds.
        predicted: (n, K) held-out deviations, each weighted by the other folds.
        slope: of held-out residuals on the predicted ones, over all arms together; 1 is perfect.
        standard_error: of the slope where effects do not differ: clustered, and √2 times what it would be for
            predictions from elsewhere, because two folds' episodes predict each other and every pair counts twice.
    """

    weights: FloatArray
    predicted: FloatArray
    slope: float
    standard_error: float

    @property
    def shrinkage(self) -> float:
        """Share (0-1) of the stacked deviations that is served.

        The slope, at most 1, times the share of its square that its error does not explain, since slope² - error² is
        without bias for the square of the true slope.
        """
        if not np.isfinite(self.standard_error) or self.slope <= self.standard_error:
            return 0.0
        return min(self.slope, 1.0) * (1 - (self.standard_error / self.slope) ** 2)


def stack(data: ScoredEpisodes, deviations: list[FloatArray], prior: FloatArray) -> Stack:
    """Stack C candidates by their (n, K) held-out deviations.

    Args:
        prior: (C,) mean of each weight where held-out data say nothing.
    """
    rows = np.flatnonzero(~np.isnan(data.outcome))
    treatment, outcome = residuals(data, rows)
    predicted = np.stack([(treatment * d[rows]).sum(axis=1) for d in deviations], axis=1)
    fold = data.fold[rows]
    cluster = data.cluster[rows]
    learn = partial(_learn_weights, treatment, predicted, outcome, cluster, prior)
    shared = {k: learn(fold != k) for k in np.unique(data.fold)}
    combined = np.zeros_like(data.scores)
    for k, weights in shared.items():
        test = data.fold == k
        combined[test] = sum(w * d[test] for w, d in zip(weights, deviations, strict=True))
    slope, error = held_out_slope(data, combined)
    everywhere = np.ones(len(rows), dtype=np.bool_)
    weights = learn(everywhere)
    return Stack(weights, combined, slope, error)


def held_out_slope(data: ScoredEpisodes, predicted: FloatArray) -> tuple[float, float]:
    """The slope over all arms together of residual outcomes on (n, K) held-out deviations, and its standard error.

    Both as ``Stack`` tells them; 0 with an infinite error where nothing is predicted to vary.
    """
    rows = np.flatnonzero(~np.isnan(data.outcome))
    treatment, outcome = residuals(data, rows)
    judged = without_averages(treatment, (treatment * predicted[rows]).sum(axis=1))
    return _slope(judged, without_averages(treatment, outcome), data.cluster[rows])


def _learn_weights(
    treatment: FloatArray,
    predicted: FloatArray,
    outcome: FloatArray,
    cluster: IntArray,
    prior: FloatArray,
    chosen: BoolArray,
) -> FloatArray:
    """(C,) weights from the chosen rows alone; the prior's where there are none, as with a single fold."""
    if not chosen.any():
        return prior
    treatment = treatment[chosen]
    target = without_averages(treatment, outcome[chosen])
    return _weights(without_averages(treatment, predicted[chosen]), target, cluster[chosen], prior)


def _weights(predicted: FloatArray, target: FloatArray, cluster: IntArray, prior: FloatArray) -> FloatArray:
    """Non-negative least squares with the prior as extra rows; who comes again tells less by the design effect."""
    codes = np.unique(cluster, return_inverse=True)[1]
    alike = float(design_effects((predicted.sum(axis=1) * target)[:, None], codes)[0])
    noise = (float(target.std()) or 1.0) * float(np.sqrt(alike))
    design = np.vstack([predicted / noise, np.eye(len(prior)) / PRIOR_SD])
    weights, _ = nnls(design, np.concatenate([target / noise, prior / PRIOR_SD]))
    return np.asarray(weights, dtype=np.float64)


def without_averages(treatment: FloatArray, values: FloatArray) -> FloatArray:
    """Values less what constant effects explain of them, so that only differences between patients count."""
    return np.asarray(values - treatment @ np.linalg.lstsq(treatment, values, rcond=None)[0], dtype=np.float64)


def _slope(predicted: FloatArray, target: FloatArray, cluster: IntArray) -> tuple[float, float]:
    """The slope and its standard error, as ``Stack`` tells them."""
    size = float(predicted @ predicted)
    if size < 1e-12 * max(float(target @ target), 1e-12):
        return 0.0, float("inf")
    slope = float(predicted @ target) / size
    influence = predicted * (target - slope * predicted) / size
    codes = np.unique(cluster, return_inverse=True)[1]
    return slope, float(np.sqrt(2 * clustered_covariance(influence[:, None], codes)[0, 0]))
