"""The gain that effects promise: its formula, its error, and that its bound keeps what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.policy_value import Comparison
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import choices, policy_value
from estimators.promised_gain import arm_slopes, promised_gain
from estimators.residual_scale import residual_outcome, residual_treatment

Draw = Callable[..., ScoredEpisodes]
SLOPES = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, -0.5]])
LEADS = np.array([0.0, 0.6, 0.0])
BOUND = 1.2816
"""Standard errors below an estimate at which its one-sided 90 % bound lies."""


def every(data: ScoredEpisodes) -> BoolArray:
    """Everyone is supported for every arm."""
    return np.ones_like(data.scores, dtype=bool)


def learned(data: ScoredEpisodes) -> HeldOutAdvice:
    """Straight lines by least squares on the residual scale of the other folds."""
    averages, effects = np.empty_like(data.scores), np.empty_like(data.scores)
    treatment, outcome = residual_treatment(data), residual_outcome(data)
    terms = np.column_stack([np.ones(len(data.arm)), data.modifiers])
    design = (treatment[:, 1:, None] * terms[:, None, :]).reshape(len(data.arm), -1)
    for fold in range(5):
        test = data.fold == fold
        averages[test] = data.contrasts[~test].mean(axis=0)
        slopes = np.linalg.lstsq(design[~test], outcome[~test], rcond=None)[0].reshape(2, -1)[:, 1:]
        effects[test] = averages[test]
        effects[test, 1:] += data.modifiers[test] @ slopes.T
    return HeldOutAdvice(averages, effects)


def gain(data: ScoredEpisodes, advice: HeldOutAdvice) -> Comparison:
    """The promised gain with everyone supported."""
    return promised_gain(data, advice, every(data), 0.9)


def test_the_gain_is_averages_and_deviations_as_far_as_they_came_true(draw_scores: Draw) -> None:
    """The formula, written out with slopes by least squares that have intercepts for all arms beside them."""
    data = draw_scores(800, 1, SLOPES, effects=LEADS)
    advice = learned(data)
    best, advised = choices(advice, every(data), data.patient)
    deviation: FloatArray = advice.effects - advice.averages
    deviation = deviation - deviation.mean(axis=1)[:, None]
    treatment = residual_treatment(data)
    design = np.column_stack([treatment * deviation, treatment[:, 1:]])
    slopes = np.linalg.lstsq(design, residual_outcome(data), rcond=None)[0][:3]
    rows, average = np.arange(800), data.contrasts.mean(axis=0)
    at_advised = average[advised] + slopes[advised] * deviation[rows, advised]
    at_best = average[best] + slopes[best] * deviation[rows, best]
    assert gain(data, advice).difference == pytest.approx(np.mean(at_advised - at_best), rel=1e-9)


def test_two_arms_have_one_slope(draw_scores: Draw) -> None:
    """Their deviations are each other's opposite; the slope is that of the difference, and its error is told once."""
    data = draw_scores(900, 5, SLOPES[:2], effects=LEADS[:2])
    half = 0.5 * np.outer(data.modifiers[:, 0], [-1.0, 1.0])
    slopes, influence = arm_slopes(data, half)
    treatment = residual_treatment(data)
    design = np.column_stack([treatment[:, 1] * data.modifiers[:, 0], treatment[:, 1]])
    alone = np.linalg.lstsq(design, residual_outcome(data), rcond=None)[0][0]
    np.testing.assert_allclose(slopes, alone, rtol=1e-9)
    np.testing.assert_allclose(influence[:, 0], influence[:, 1], rtol=1e-6)


def test_an_arm_whose_deviations_are_noise_is_found_out(draw_scores: Draw) -> None:
    """One episode in twenty has an arm whose told deviations are noise, the others one of two whose come true: its
    slope is not above 0 beyond 3 of its errors, theirs are near 1; it promises nothing by the others' merit.
    """
    data = draw_scores(6000, 6, SLOPES, effects=LEADS, shares=[0.475, 0.475, 0.05])
    told = data.modifiers @ SLOPES.T
    told[:, 2] = np.random.default_rng(6).normal(size=6000)
    slopes, influence = arm_slopes(data, told - told.mean(axis=1)[:, None])
    errors = np.sqrt((influence**2).sum(axis=0))
    assert slopes[2] < 3 * errors[2] < 0.5
    assert (slopes[:2] > 0.7).all()


def test_advice_of_the_best_single_arm_promises_nothing(draw_scores: Draw) -> None:
    """Exactly 0 without error, whether effects are constant or vary too little to change what is best."""
    data = draw_scores(300, 2, SLOPES, effects=LEADS)
    averages = np.tile([0.0, 5.0, 0.0], (300, 1))
    for effects in (averages, averages + 0.1 * data.modifiers @ SLOPES.T):
        found = gain(data, HeldOutAdvice(averages, effects))
        assert (found.difference, found.standard_error) == (0, 0)


def test_one_patient_twice_tells_no_more(draw_scores: Draw) -> None:
    """Every episode a second time in the same cluster: the same gain, the same error but for small-sample factors."""
    data = draw_scores(500, 3, SLOPES, effects=LEADS)
    advice, twice = learned(data), np.repeat(np.arange(500), 2)
    once = gain(data, advice)
    again = gain(data.rows(twice), HeldOutAdvice(advice.averages[twice], advice.effects[twice]))
    assert again.difference == pytest.approx(once.difference, rel=1e-9)
    assert again.standard_error == pytest.approx(once.standard_error, rel=5e-3)


def test_those_lost_are_made_up_for(draw_scores: Draw) -> None:
    """Half the outcomes lost at random and said to be so: about the same gain, with a larger error; none is NaN."""
    data = draw_scores(4000, 4, SLOPES, effects=LEADS)
    advice = learned(data)
    lost = np.random.default_rng(4).random(4000) < 0.5
    seen = replace(data, outcome=np.where(lost, np.nan, data.outcome), observation=np.full((4000, 3), 0.5))
    all_seen, some = gain(data, advice), gain(seen, advice)
    assert some.standard_error > all_seen.standard_error
    assert abs(some.difference - all_seen.difference) < 3 * some.standard_error


def test_the_bound_holds_and_tells_more_than_scores(draw_scores: Draw) -> None:
    """150 draws of 1,000 in which one arm leads and others are better for some. The one-sided 90 % bound lies below
    the true gain of the folds' advice in 90 %, within 3 Monte Carlo errors; errors are no larger than told. Squared,
    they are smaller than those of scores alone, and the gain is shown more often, by more than 3 Monte Carlo errors.
    """
    held, shown, by_scores, errors, told = [], [], [], [], []
    for seed in range(150):
        data = draw_scores(1000, seed, SLOPES, effects=LEADS)
        advice = learned(data)
        best, advised = choices(advice, every(data), data.patient)
        truth, rows = LEADS + data.modifiers @ SLOPES.T, np.arange(1000)
        true = float((truth[rows, advised] - truth[rows, best]).mean())
        found, alone = gain(data, advice), policy_value(data, advice, every(data), 0.9).best_single
        held.append(found.difference - BOUND * found.standard_error <= true)
        shown.append(found.difference > BOUND * found.standard_error)
        by_scores.append(alone.difference > BOUND * alone.standard_error)
        errors.append((found.difference - true, alone.difference - true))
        told.append(found.standard_error)
    assert np.mean(held) >= 0.9 - 3 * np.sqrt(0.9 * 0.1 / 150)
    assert np.std([ours for ours, _ in errors]) < np.mean(told)
    more = np.array(shown, dtype=float) - by_scores
    less = np.array([alone**2 - ours**2 for ours, alone in errors])
    assert min(found.mean() / found.std() for found in (more, less)) > 3 / np.sqrt(150)
