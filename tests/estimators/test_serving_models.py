"""Served forms of the propensity and of the expected outcome agree with what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes, ServedEffects
from estimators.candidates.linear_dr import LinearDR
from estimators.nuisances import log_loss
from estimators.probability_models import fit_calibrated
from estimators.serving_models import outcome_model, support_model

Draw = Callable[..., ScoredEpisodes]
SLOPES = [[0.0, 0.0], [0.6, 0.0], [0.0, -0.5]]


def no_effects(arms: int, p: int) -> ServedEffects:
    """Effects of zero."""
    return ServedEffects(np.zeros((arms, 1 + p)), np.zeros((1, arms, 1 + p)), np.zeros(arms, dtype=bool))


@pytest.mark.parametrize("arms", [2, 3])
def test_support_is_the_calibrated_propensity(draw_scores: Draw, arms: int) -> None:
    """The softmax of the served coefficients equals the fitted model's probabilities to 1e-9."""
    data = draw_scores(300, 1, SLOPES[:arms])
    weights, _ = support_model(data.features, data)
    logits = weights[:, 0] + data.features @ weights[:, 1:].T
    served = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    fitted = fit_calibrated("logistic", data.features, data.arm, data.cluster).predict_proba(data.features)
    np.testing.assert_allclose(served, fitted, atol=1e-9)
    assert log_loss(served, data.arm) <= np.log(arms) + 0.01


def test_expected_outcomes_and_effects_agree(draw_scores: Draw) -> None:
    """Expected outcome of an arm = the reference's + the arm's effect: right for every arm within 4 errors (0.15)."""
    data = draw_scores(3000, 2, SLOPES, effects=[5.0, 6.0, 4.0])
    served = replace(no_effects(3, 2), coefficients=LinearDR().fit(data))
    weights = outcome_model(data.features, data, served)
    for patient in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]):
        x = np.asarray(patient)
        reference = weights[0] + weights[1:] @ x
        effects, _ = served.at(x)
        truth = np.array([5.0, 6.0 + 0.6 * x[0], 4.0 - 0.5 * x[1]])
        np.testing.assert_allclose(reference + effects, truth, atol=0.3)


def test_lost_outcomes_are_left_out(draw_scores: Draw) -> None:
    """Rows without an outcome change nothing: coefficients equal those without the rows."""
    data = draw_scores(400, 7, SLOPES)
    lost = np.arange(400) % 7 == 0
    some = replace(data, outcome=np.where(lost, np.nan, data.outcome))
    with_rows = outcome_model(data.features, some, no_effects(3, 2))
    without = outcome_model(data.features[~lost], some.rows(~lost), no_effects(3, 2))
    np.testing.assert_allclose(with_rows, without, atol=1e-12)
