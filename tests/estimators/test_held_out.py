"""Held-out averages and the loss that candidates are reported with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from estimators.held_out import held_out_averages, residual_loss

Draw = Callable[..., ScoredEpisodes]


def test_averages_are_those_of_the_other_folds(draw_scores: Draw) -> None:
    """Each episode's are the mean contrasts of the folds that it is not in."""
    data = draw_scores(60, 1, [[0.0], [0.5], [0.0]], folds=3)
    found = held_out_averages(data)
    for row in (0, 7, 32):
        others = data.fold != data.fold[row]
        np.testing.assert_allclose(found[row], data.contrasts[others].mean(axis=0), atol=1e-12)


def test_the_loss_by_hand(draw_scores: Draw) -> None:
    """Three episodes, one of them lost: (w1 r1² + w2 r2²) / (w1 + w2), r = Y - Σ e μ - Σ (1[T] - e) effect."""
    data = replace(
        draw_scores(3, 1, [[0.0], [0.0]], folds=3),
        arm=np.array([0, 1, 1]),
        outcome=np.array([1.0, 4.0, np.nan]),
        expected=np.array([[1.0, 3.0], [0.0, 2.0], [5.0, 5.0]]),
        propensity=np.array([[0.5, 0.5], [0.75, 0.25], [0.5, 0.5]]),
        observation=np.array([[0.5, 1.0], [1.0, 0.8], [1.0, 1.0]]),
    )
    effects = np.array([[0.0, 2.0], [0.0, 4.0], [0.0, 100.0]])
    first, second = 1 - 2 - (-0.5 * 2), 4 - 0.5 - 0.75 * 4
    expected = (2 * first**2 + 1.25 * second**2) / 3.25
    assert residual_loss(data, effects) == pytest.approx(expected)


def test_the_truth_has_the_least_loss(draw_scores: Draw) -> None:
    """True effects lose less than averages, averages less than no effect at all."""
    slopes = [[0.0, 0.0], [1.0, 0.0], [0.0, -1.0]]
    data = draw_scores(2000, 2, slopes, effects=[0.0, 1.0, 2.0])
    data = replace(data, expected=np.zeros_like(data.expected))
    truth = np.array([0.0, 1.0, 2.0]) + data.features @ np.transpose(slopes)
    losses = [residual_loss(data, effects) for effects in (truth, held_out_averages(data), 0 * truth)]
    assert losses == sorted(losses)
    assert losses[0] < losses[1] - 0.1 < losses[2] - 0.2
