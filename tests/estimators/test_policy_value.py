"""The value of following the advice: intervals that hold the truth, no winner's curse, nothing of fewer than 11."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.gate_marks import GateMarks
from estimators.held_out_advice import HeldOutAdvice, held_out_advice
from estimators.policy_value import policy_value

Draw = Callable[..., ScoredEpisodes]
SLOPES = [[0.0, 0.0], [0.6, 0.0], [0.0, -0.5]]
EFFECTS = [0.0, 1.0, 0.2]
ARMS = ("usual", "a", "b")
PRIOR = np.array([0.5, 0.5])
LENIENT = GateMarks(min_effective=30, min_slope=0.0, slope_confidence=0.501)


def every(data: ScoredEpisodes) -> BoolArray:
    """Everyone is supported for every arm."""
    return np.ones_like(data.scores, dtype=bool)


def regressed(data: ScoredEpisodes, held_out: bool) -> tuple[HeldOutAdvice, FloatArray]:
    """Advice by linear regression of the score contrasts, from the other folds or from the same rows; its (folds, K,
    1 + P) coefficients.
    """
    design = np.column_stack([np.ones(len(data.arm)), data.features])
    averages, effects, policies = np.empty_like(data.scores), np.empty_like(data.scores), []
    for fold in range(5):
        test = data.fold == fold
        train = ~test if held_out else np.ones_like(test)
        weights = np.linalg.lstsq(design[train], data.contrasts[train], rcond=None)[0]
        averages[test], effects[test] = data.contrasts[train].mean(axis=0), design[test] @ weights
        policies.append(weights.T)
    return HeldOutAdvice(averages, effects), np.array(policies)


def true_gain(policies: FloatArray, averages: FloatArray, x: FloatArray) -> float:
    """True gain of the folds' policies over their best single arms, over fresh patients x."""
    true = np.asarray(EFFECTS) + x @ np.asarray(SLOPES).T
    design = np.column_stack([np.ones(len(x)), x])
    gains = []
    for weights, average in zip(policies, averages, strict=True):
        advised = (design @ weights.T).argmax(axis=1)
        gains.append(true[np.arange(len(x)), advised].mean() - true[:, average.argmax()].mean())
    return float(np.mean(gains))


def test_the_interval_holds_the_true_gain(draw_scores: Draw) -> None:
    """One arm best on average, another for some, 300 draws of 400: the 90 % interval of the advice's gain over the
    best single arm holds the true gain in 90 % of draws, within 3 Monte Carlo errors of 0.017, and the mean error is 0
    within 4 of its errors.
    """
    x = np.random.default_rng(0).normal(size=(20_000, 2))
    held, error = [], []
    for seed in range(300):
        data = draw_scores(400, seed, SLOPES, effects=EFFECTS)
        advice, policies = regressed(data, held_out=True)
        averages = np.array([advice.averages[data.fold == fold][0] for fold in range(5)])
        truth = true_gain(policies, averages, x)
        found = policy_value(data, advice, every(data), 0.9).best_single
        held.append(found.lower <= truth <= found.upper)
        error.append(found.difference - truth)
    assert abs(np.mean(held) - 0.9) < 3 * 0.017
    assert abs(np.mean(error)) < 4 * np.std(error) / np.sqrt(300)


def test_there_is_no_winners_curse(draw_scores: Draw) -> None:
    """No arm differs from another, 300 draws of 200: the mean gain of the advice over the best single arm is 0 within
    4 Monte Carlo errors; scored on the rows that chose it, it would be more than 10 errors above 0.
    """
    honest, cursed = [], []
    for seed in range(300):
        data = draw_scores(200, seed, [[0.0, 0.0]] * 3)
        for gains, held_out in ((honest, True), (cursed, False)):
            found = policy_value(data, regressed(data, held_out)[0], every(data), 0.9)
            gains.append(found.best_single.difference)
    assert abs(np.mean(honest)) < 4 * np.std(honest) / np.sqrt(300)
    assert np.mean(cursed) > 10 * np.std(cursed) / np.sqrt(300)


def test_all_comparisons_hold_the_truth_on_average(draw_scores: Draw) -> None:
    """The advice that is right for everyone, 200 draws of 300 in a balanced trial: its mean differences from the
    reference and from the trial's random choice are the true ones, within 4 Monte Carlo errors.
    """
    over_reference, over_choice, true = [], [], []
    for seed in range(200):
        data = draw_scores(300, seed, SLOPES, effects=EFFECTS)
        effects = np.asarray(EFFECTS) + data.features @ np.asarray(SLOPES).T
        advice = HeldOutAdvice(np.tile(EFFECTS, (300, 1)), effects)
        found = policy_value(data, advice, every(data), 0.9)
        over_reference.append(found.reference.difference)
        over_choice.append(found.clinicians.difference)
        true.append(effects.max(axis=1).mean())
    for found, truth in ((over_reference, np.array(true)), (over_choice, np.array(true) - np.mean(EFFECTS))):
        error = np.asarray(found) - truth
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(200)


def test_lost_outcomes_are_corrected_for(draw_scores: Draw) -> None:
    """Where the better half of outcomes are lost half the time, the value of what was chosen is still right: within 4
    errors over 200 draws; the mean of the observed outcomes is not.
    """
    error, naive = [], []
    for seed in range(200):
        data = draw_scores(300, seed, [[0.0], [1.0]])
        chance = np.where(data.features > 0, 0.5, 1.0)
        seen = np.random.default_rng(seed).random(300) < chance[:, 0]
        data = replace(data, outcome=np.where(seen, data.outcome, np.nan), observation=np.repeat(chance, 2, axis=1))
        truth = np.mean(data.features[:, 0] * (data.arm == 1))
        advice = HeldOutAdvice(np.zeros_like(data.scores), np.zeros_like(data.scores))
        error.append(policy_value(data, advice, every(data), 0.9).clinicians.value - truth)
        naive.append(np.nanmean(data.outcome) - truth)
    assert abs(np.mean(error)) < 4 * np.std(error) / np.sqrt(200)
    assert abs(np.mean(naive)) > 4 * np.std(naive) / np.sqrt(200)


def test_a_shut_gate_gains_exactly_nothing(draw_scores: Draw) -> None:
    """Where no effect may vary the advice is the best single arm: difference, error and share that differs are 0."""
    data = draw_scores(300, 1, SLOPES, effects=EFFECTS)
    advice = held_out_advice(data, [data.features @ np.asarray(SLOPES).T], np.ones(1), ARMS, GateMarks(), 0.9)
    np.testing.assert_array_equal(advice.effects, advice.averages)
    found = policy_value(data, advice, every(data), 0.9)
    same = found.best_single
    assert (found.differs, same.difference, same.standard_error, same.lower, same.upper) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(("patients", "counted"), [(10, 0), (11, 11)])
def test_fewer_than_eleven_do_not_differ(draw_scores: Draw, patients: int, counted: int) -> None:
    """A gain that would be that of 1 to 10 patients is not told."""
    data = draw_scores(300, 2, SLOPES)
    effects = np.tile([0.0, 1.0, 0.5], (300, 1))
    advice = HeldOutAdvice(effects.copy(), effects)
    effects[:patients, 2] = 2.0
    assert policy_value(data, advice, every(data), 0.9).differs == pytest.approx(counted / 300)


def test_unsupported_arms_are_not_advised(draw_scores: Draw) -> None:
    """The best arm is passed over where it is not supported, the reference compared where it is, and who has no
    supported arm left out.
    """
    data = draw_scores(300, 3, SLOPES)
    can = every(data)
    can[:100, 1] = False
    can[:50, 0] = False
    can[50:60] = False
    scores = np.tile([1.0, 5.0, 3.0], (300, 1))
    effects = np.tile([0.0, 4.0, 2.0], (300, 1))
    found = policy_value(replace(data, scores=scores), HeldOutAdvice(effects, effects), can, 0.9)
    assert found.value == pytest.approx((90 * 3 + 200 * 5) / 290)
    assert found.reference.patients == pytest.approx(240 / 300)
    assert found.reference.difference == pytest.approx((40 * 2 + 200 * 4) / 240)


def test_nothing_is_told_of_fewer_than_eleven(draw_scores: Draw) -> None:
    """If 10 patients can get the reference there is no comparison with it; if 10 can get any arm there is no
    value; 3 who cannot get the reference count as 11.
    """
    data = draw_scores(300, 3, SLOPES)
    advice = HeldOutAdvice(np.zeros_like(data.scores), np.zeros_like(data.scores))
    can = every(data)
    can[10:, 0] = False
    assert policy_value(data, advice, can, 0.9).reference is None
    can[:, 0] = np.arange(300) >= 3
    assert policy_value(data, advice, can, 0.9).reference.patients == pytest.approx(289 / 300)
    can[10:] = False
    assert policy_value(data, advice, can, 0.9) is None


def test_a_folds_outcomes_do_not_choose_its_advice(draw_scores: Draw) -> None:
    """Given the candidates' held-out deviations, other scores and outcomes in a fold leave its advice as it was, to
    the last bit, and change that of the other folds.
    """
    data = draw_scores(600, 4, SLOPES, effects=EFFECTS)
    deviations = [data.features @ np.asarray(SLOPES).T, data.features @ np.roll(SLOPES, 1, axis=1).T]
    before = held_out_advice(data, deviations, PRIOR, ARMS, LENIENT, 0.9)
    inside = data.fold == 2
    rng = np.random.default_rng(5)
    changed = replace(
        data,
        outcome=np.where(inside, rng.normal(size=600), data.outcome),
        scores=np.where(inside[:, None], rng.normal(size=(600, 3)), data.scores),
    )
    after = held_out_advice(changed, deviations, PRIOR, ARMS, LENIENT, 0.9)
    assert (before.effects != before.averages)[inside].any()
    np.testing.assert_array_equal(after.effects[inside], before.effects[inside])
    assert (after.effects[~inside] != before.effects[~inside])[:, 1:].all()
