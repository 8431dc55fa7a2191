"""The effect models that competed, by the names that readers know, with their weights in the stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LABELS: Mapping[str, str] = {
    "linear": "hierarchical model, straight lines",
    "additive": "hierarchical model, with curves",
    "products": "hierarchical model, with curves and products of pairs",
    "interacting": "hierarchical model, with curves, products and soft steps of pairs",
    "zero": "no effect at all (no differences, so no weight)",
    "constant": "the average effect for everybody (no differences, so no weight)",
    "linear_dr": "LinearDRLearner",
    "linear_dml": "LinearDML",
    "s_learner": "S-learner",
    "corrected_s": "S-learner, corrected",
    "x_learner": "X-learner",
    "t_learner": "T-learner",
    "forest_dr": "ForestDRLearner",
    "causal_forest": "causal forest",
    "gaussian_process": "Gaussian process",
    "outcome_regressions": "difference of the outcome regressions, in waves",
    "bart": "Bayesian additive regression trees",
}
"""By the names of ``estimators.hierarchical_family`` and of ``estimators.candidates``."""


def candidate_rows(weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """Every candidate in the order in which they competed, its weight to three decimals."""
    return [{"name": name, "label": LABELS[name], "weight": round(weight, 3)} for name, weight in weights.items()]
