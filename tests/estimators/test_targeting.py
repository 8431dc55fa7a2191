"""Targeting curves: right by hand, honest where predictions say nothing, and the same whichever order rows come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators import targeting as module
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import policy_value
from estimators.targeting import (
    SHARES,
    by_priority,
    few_with_those_before,
    half_samples,
    qini,
    rank_within,
    targeting,
    toc,
)

Draw = Callable[..., ScoredEpisodes]
ARMS = ("usual", "a", "b")
SLOPES = [[0.0, 0.0], [1.0, 0.0], [0.0, -0.5]]


def every(data: ScoredEpisodes) -> BoolArray:
    """Everyone is supported for every arm."""
    return np.ones_like(data.scores, dtype=bool)


def shut(data: ScoredEpisodes) -> HeldOutAdvice:
    """The same advice for everyone."""
    return HeldOutAdvice(np.zeros_like(data.scores), np.zeros_like(data.scores))


def regressed(data: ScoredEpisodes) -> FloatArray:
    """(n, K) predictions of linear regressions on the other folds."""
    predicted = np.empty_like(data.scores)
    for fold in range(5):
        test = data.fold == fold
        design = np.column_stack([np.ones((~test).sum()), data.modifiers[~test]])
        weights = np.linalg.lstsq(design, data.contrasts[~test], rcond=None)[0]
        predicted[test] = data.modifiers[test] @ weights[1:]
    return predicted


def test_the_curve_is_that_of_its_definition() -> None:
    """Mean gain of the first of each share less the mean of all, in a plain loop; the area as grf weighs ordered
    scores, the i-th with (1/i + … + 1/n) / n.
    """
    gain = np.random.default_rng(0).normal(size=237)
    tie = np.arange(237)
    for share, value, summed in zip(SHARES, toc(gain, tie)[0], qini(gain, tie), strict=True):
        count = next(m for m in range(1, 238) if m >= share * 237 - 1e-9)
        assert value == pytest.approx(np.mean(gain[:count]) - np.mean(gain))
        assert summed == pytest.approx(np.sum(gain[:count]) / 237)
    weight = np.array([sum(1 / j for j in range(i, 238)) for i in range(1, 238)])
    assert toc(gain, tie)[1] == pytest.approx(np.mean((weight - 1) * gain))


def test_ties_are_their_mean_over_all_orders() -> None:
    """A prediction of three values: the area is that of ties broken at random, on average over 4,000 orders."""
    rng = np.random.default_rng(1)
    told, gain, fold = rng.integers(3, size=90).astype(float), rng.normal(size=90), np.zeros(90, dtype=np.int64)
    order, tie = by_priority(told, fold)
    areas = []
    for _ in range(4000):
        shuffled = rng.permutation(90)
        broken = shuffled[np.argsort(-told[shuffled], kind="stable")]
        areas.append(toc(gain[broken], np.arange(90))[1])
    assert toc(gain[order], tie)[1] == pytest.approx(np.mean(areas), abs=4 * np.std(areas) / np.sqrt(4000))


def test_the_error_is_that_of_the_influence_function() -> None:
    """With predictions from elsewhere that say nothing, the half-samples' standard deviation is that of grf's weights
    on the ordered scores: within 5 % over 20 draws of 900.
    """
    weight = np.array([np.sum(1 / np.arange(i, 901)) for i in range(1, 901)]) - 1
    found, known = [], []
    for seed in range(20):
        gain = np.random.default_rng(seed).normal(size=900)
        found.append(np.std([toc(gain[kept], np.arange(900)[kept])[1] for kept in half_samples(np.arange(900))]))
        known.append(np.sqrt(np.mean((weight * (gain - gain.mean())) ** 2) / 900))
    assert np.mean(found) == pytest.approx(np.mean(known), rel=0.05)


def test_predictions_that_say_nothing_have_no_area(draw_scores: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    """No effect varies, predictions are learned all the same, 300 draws of 400: 90 % intervals of the area hold 0 in
    90 % of draws within 3 Monte Carlo errors of 0.017, and bands hold 0 everywhere in no fewer. Without the factor √2
    for folds that predict each other they would in fewer than 84 %.
    """
    monkeypatch.setattr(module, "HALVES", 80)
    held, narrow, whole = [], [], []
    for seed in range(300):
        data = draw_scores(400, seed, [[0.0] * 4] * 2, effects=[0.0, 0.3])
        (one,) = targeting(data, regressed(data), shut(data), every(data), ("usual", "a"), 0.9).arms
        held.append(one.lower <= 0 <= one.upper)
        narrow.append(abs(one.autoc) <= 1.645 * one.standard_error / np.sqrt(2))
        whole.append(max(one.curve.lower) <= 1e-9 and min(one.curve.upper) >= -1e-9)
    assert abs(np.mean(held) - 0.9) < 3 * 0.017
    assert np.mean(whole) > 0.9 - 3 * 0.017
    assert np.mean(narrow) < 0.84


def test_a_true_order_has_its_true_curve(draw_scores: Draw) -> None:
    """Effects that vary by SD 1 and are predicted right, 60 draws of 500: on average the curve is that of the normal
    distribution's upper means, and the area its integral, within 4 Monte Carlo errors.
    """
    true = norm.pdf(norm.ppf(1 - SHARES)) / SHARES
    fine = np.arange(1, 20_001) / 20_001
    curves, areas = [], []
    for seed in range(60):
        data = draw_scores(500, seed, SLOPES)
        one = targeting(data, data.modifiers @ np.asarray(SLOPES).T, shut(data), every(data), ARMS, 0.9).arms[0]
        curves.append(one.curve.values)
        areas.append(one.autoc)
    error = np.std(curves, axis=0) / np.sqrt(60)
    assert (np.abs(np.mean(curves, axis=0) - true) <= 4 * error + 0.02).all()
    assert abs(np.mean(areas) - np.mean(norm.pdf(norm.ppf(1 - fine)) / fine)) < 4 * np.std(areas) / np.sqrt(60) + 0.02


@given(st.integers(220, 3000), st.data())
def test_no_step_of_the_qini_curve_is_a_few_patients_alone(n: int, data: st.DataObject) -> None:
    """Each rise stands for at least 11 patients whose advice differs, and all of them are told at the end."""
    differ = data.draw(st.integers(11, n))
    counted = np.minimum(np.ceil(SHARES * n - 1e-9), differ)
    told = few_with_those_before(counted, differ, np.arange(n))
    steps = np.diff(np.concatenate([[0.0], told]))
    assert (steps[steps > 0] >= 11).all()
    assert told[-1] == differ


def test_the_qini_curve_ends_at_the_gain(draw_scores: Draw) -> None:
    """It rises to the gain of the whole advice over the best single arm, the same number as the policy value's, and is
    flat where the advice is the best single arm.
    """
    data = draw_scores(800, 3, SLOPES, effects=[0.0, 0.4, 0.2])
    true = np.array([0.0, 0.4, 0.2]) + data.modifiers @ np.asarray(SLOPES).T
    advice = HeldOutAdvice(np.tile([0.0, 0.4, 0.2], (800, 1)), true)
    curve = targeting(data, true, advice, every(data), ARMS, 0.9).qini
    value = policy_value(data, advice, every(data), 0.9)
    assert curve.values[-1] == pytest.approx(value.best_single.difference)
    flat = [i for i, share in enumerate(SHARES) if share >= value.differs]
    assert np.ptp([curve.values[i] for i in flat]) < 1e-12
    assert curve.lower[-1] <= value.best_single.lower + 0.05


def test_where_there_is_nothing_to_order_there_is_no_curve(draw_scores: Draw) -> None:
    """Constant predictions, fewer patients than 20 shares of 11, and advice that differs for nobody have none."""
    data = draw_scores(600, 4, SLOPES)
    predicted = data.modifiers @ np.asarray(SLOPES).T
    constant = predicted * np.array([0.0, 1.0, 0.0])
    assert [one.arm for one in targeting(data, constant, shut(data), every(data), ARMS, 0.9).arms] == ["a"]
    can = every(data)
    can[219:, 1] = False
    found = targeting(data, predicted, shut(data), can, ARMS, 0.9)
    assert [one.arm for one in found.arms] == ["b"]
    assert found.qini is None


def test_the_order_of_rows_does_not_matter(draw_scores: Draw) -> None:
    """Rows shuffled with their folds: the same curve and area."""
    data = draw_scores(400, 5, SLOPES)
    predicted = data.modifiers @ np.asarray(SLOPES).T
    rows = np.random.default_rng(0).permutation(400)
    shuffled = replace(data.rows(rows), cluster=data.cluster[rows])
    for here, there in zip(
        targeting(data, predicted, shut(data), every(data), ARMS, 0.9).arms,
        targeting(shuffled, predicted[rows], shut(shuffled), every(shuffled), ARMS, 0.9).arms,
        strict=True,
    ):
        np.testing.assert_allclose(here.curve.values, there.curve.values, atol=1e-12)
        assert here.autoc == pytest.approx(there.autoc)


def test_ranks_are_within_folds() -> None:
    """A fold whose model predicts more for everybody does not come first."""
    fold = np.repeat([0, 1], 50)
    predicted = np.tile(np.arange(50.0), 2)
    np.testing.assert_array_equal(rank_within(predicted, fold), rank_within(predicted + 1000 * fold, fold))
