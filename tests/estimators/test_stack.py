"""Stacking: weights that are not negative, learned elsewhere than they are judged, and slopes that tell the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.basis_design import linear_basis
from estimators.residual_scale import residuals
from estimators.stack import PRIOR_SD, Stack, stack

SLOPES = [[0.0, 0, 0], [0.5, 0, -0.2], [0, 0.3, 0]]

Draw = Callable[..., ScoredEpisodes]


def stacked(data: ScoredEpisodes, candidates: list[FloatArray]) -> Stack:
    """Stacked with the first candidate as the only leading one."""
    return stack(data, candidates, np.eye(len(candidates))[0])


def truth(data: ScoredEpisodes) -> FloatArray:
    """The true deviations."""
    return data.features @ np.asarray(SLOPES).T


def noise(data: ScoredEpisodes, seed: int) -> FloatArray:
    """Deviations that have nothing to do with the truth, as large as the truth's."""
    made = 0.5 * np.random.default_rng(seed).normal(size=data.scores.shape)
    made[:, 0] = 0
    return made


@pytest.mark.parametrize("seed", range(10))
def test_weights_are_not_negative(draw_scores: Draw, seed: int) -> None:
    """Whatever the candidates say, the opposite of the truth included, no weight is below zero."""
    data = draw_scores(300, seed, SLOPES)
    found = stacked(data, [noise(data, seed), -truth(data), noise(data, seed + 100)])
    assert (found.weights >= 0).all()
    assert found.weights[1] == 0


def test_the_prior_draws_towards_the_lead() -> None:
    """Candidates that say the same share nothing: without evidence the lead has 1, with evidence for 2 it gives in."""
    rng = np.random.default_rng(1)
    n = 4000
    arm = np.arange(n) % 2
    x = rng.normal(size=n)
    half = np.full((n, 2), 0.5)
    data = ScoredEpisodes(
        scores=np.zeros((n, 2)), modifiers=x[:, None], arm=arm, outcome=2 * x * arm, expected=np.outer(x, [0.0, 2.0]),
        propensity=half, observation=np.ones((n, 2)), fold=np.arange(n) % 5, cluster=np.arange(n),
        basis=linear_basis(1),
    )  # fmt: skip
    says = np.outer(x, [0.0, 1.0])
    nothing = np.zeros((n, 2))
    assert stacked(data, [nothing, nothing]).weights == pytest.approx([1, 0])
    assert stacked(data, [says, nothing]).weights[0] == pytest.approx(2, abs=0.05)
    rival = stacked(data, [nothing, says]).weights
    assert rival[0] == pytest.approx(1)
    assert rival[1] == pytest.approx(2, abs=0.05)


def test_copies_of_a_patients_episode_move_no_weight(draw_scores: Draw) -> None:
    """Every episode four times over, as the same patient's: the same weights, slope and error."""
    data = draw_scores(300, 3, SLOPES)
    candidates = [truth(data) + noise(data, 1), truth(data) + noise(data, 2)]
    copies = np.repeat(np.arange(300), 4)
    alone, again = stacked(data, candidates), stacked(data.rows(copies), [said[copies] for said in candidates])
    np.testing.assert_allclose(again.weights, alone.weights, rtol=1e-9)
    assert again.slope == pytest.approx(alone.slope)
    assert again.standard_error == pytest.approx(alone.standard_error, rel=0.01)


def test_weights_minimise_what_they_should(draw_scores: Draw) -> None:
    """With weights inside their bounds they solve the normal equations with the prior, written out by hand."""
    data = draw_scores(900, 2, SLOPES)
    candidates = [truth(data) + noise(data, 1), truth(data) + noise(data, 2)]
    treatment, outcome = residuals(data, np.arange(900))
    aside = np.eye(900) - treatment @ np.linalg.pinv(treatment, rcond=1e-10)
    target = aside @ outcome
    said = np.column_stack([aside @ (treatment * candidate).sum(axis=1) for candidate in candidates])
    variance = target.var()
    left = said.T @ said / variance + np.eye(2) / PRIOR_SD**2
    right = said.T @ target / variance + np.array([1, 0]) / PRIOR_SD**2
    expected = np.linalg.solve(left, right)
    assert (expected > 0).all()
    np.testing.assert_allclose(stacked(data, candidates).weights, expected, rtol=1e-9)


@pytest.mark.parametrize("fold", range(5))
def test_honest_weights_come_from_the_other_folds(draw_scores: Draw, fold: int) -> None:
    """Other outcomes in one fold change nothing of what is predicted there, bit for bit, and something elsewhere."""
    data = draw_scores(500, 3, SLOPES)
    candidates = [truth(data) + noise(data, 1), truth(data) + noise(data, 2)]
    test = data.fold == fold
    other = replace(data, outcome=np.where(test, 3 - 5 * data.outcome + 10 * data.arm, data.outcome))
    here, there = stacked(data, candidates), stacked(other, candidates)
    np.testing.assert_array_equal(there.predicted[test], here.predicted[test])
    assert (there.predicted[~test, 1:] != here.predicted[~test, 1:]).all()


def test_one_fold_is_judged_by_the_priors_weights(draw_scores: Draw) -> None:
    """Where no other fold can give weights, what is judged is the candidates at their prior weights."""
    data = draw_scores(300, 5, SLOPES)
    alone = replace(data, fold=np.zeros_like(data.fold))
    candidates = [truth(data), noise(data, 1)]
    found = stack(alone, candidates, np.array([0.7, 0.3]))
    np.testing.assert_allclose(found.predicted, 0.7 * candidates[0] + 0.3 * candidates[1], rtol=1e-12)


def test_a_perfect_lead_has_slope_one(draw_scores: Draw) -> None:
    """The truth as the lead, noise as the rival: slope 1 within 3 of its errors, weights within 0.2."""
    for seed in range(5):
        data = draw_scores(3000, seed, SLOPES)
        found = stacked(data, [truth(data), noise(data, seed)])
        assert abs(found.slope - 1) < 3 * found.standard_error
        assert found.standard_error < 0.12
        assert found.weights[0] == pytest.approx(1, abs=0.2)
        assert found.weights[1] < 0.2


def test_a_perfect_rival_takes_over(draw_scores: Draw) -> None:
    """Noise as the lead, the truth as the rival: the rival ends with most of what is predicted, and the slope is 1."""
    data = draw_scores(3000, 4, SLOPES)
    found = stacked(data, [noise(data, 4), truth(data)])
    assert found.weights[1] > 0.8
    assert found.weights[0] < 0.2
    assert abs(found.slope - 1) < 3 * found.standard_error


def test_noise_has_no_slope(draw_scores: Draw) -> None:
    """Candidates of small pure noise, 100 draws: the slope is on average between -0.8 and 0.1, and its lower 90 %
    bound above zero in at most 0.10 of draws and 3 Monte Carlo errors (0.09).

    Weights from the other folds lean against a fold's own noise, which is on the safe side.
    """
    slopes, errors = [], []
    for seed in range(100):
        data = draw_scores(500, seed, SLOPES)
        found = stacked(data, [0.2 * noise(data, seed), 0.2 * noise(data, 1000 + seed)])
        slopes.append(found.slope)
        errors.append(found.standard_error)
    z = np.asarray(slopes) / np.asarray(errors)
    assert -0.8 < np.mean(slopes) < 0.1
    assert np.mean(z > 1.2816) <= 0.10 + 3 * np.sqrt(0.1 * 0.9 / 100)


def test_predictions_from_elsewhere_err_less_than_is_told(draw_scores: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    """With weights held at the prior, over 100 draws of clustered episodes the truth's slope deviates from 1 by its
    standard error over √2 (25 %): the truth was learned from no episode.
    """
    monkeypatch.setattr("estimators.stack.PRIOR_SD", 1e-6)
    z = []
    for seed in range(100):
        data = draw_scores(500, seed, SLOPES, cluster_size=4)
        found = stacked(data, [truth(data)])
        z.append((found.slope - 1) / found.standard_error)
    assert np.std(z) == pytest.approx(0.71, rel=0.25)


def learned_elsewhere(data: ScoredEpisodes) -> FloatArray:
    """Each fold's deviations by least squares of residual outcomes on the other folds."""
    treatment, outcome = residuals(data, np.arange(len(data.arm)))
    design = (treatment[:, 1:, None] * data.features[:, None, :]).reshape(len(outcome), -1)
    found = np.zeros_like(data.scores)
    for fold in np.unique(data.fold):
        test = data.fold == fold
        slopes = np.linalg.lstsq(design[~test], outcome[~test], rcond=None)[0].reshape(-1, data.features.shape[1])
        found[test, 1:] = data.features[test] @ slopes.T
    return found


def test_without_differences_the_slopes_error_is_right(draw_scores: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    """Null world, weights held at the prior, 300 draws: the slope of a model that learns from the other folds deviates
    from zero by its standard error, within 3 Monte Carlo errors of a standard deviation (0.12).

    An error without the factor √2 would be exceeded 1.4 times.
    """
    monkeypatch.setattr("estimators.stack.PRIOR_SD", 1e-6)
    z = []
    for seed in range(300):
        data = draw_scores(400, seed, [[0.0] * 8] * 3)
        found = stacked(data, [learned_elsewhere(data)])
        z.append(found.slope / found.standard_error)
    assert np.sqrt(np.mean(np.square(z))) == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize(
    ("slope", "error", "expected"),
    [(1.0, 0.0, 1.0), (2.0, 0.0, 1.0), (0.8, 0.4, 0.6), (0.5, 0.5, 0.0), (-1, 0.1, 0.0)],
)
def test_shrinkage_by_hand(slope: float, error: float, expected: float) -> None:
    """The slope, at most 1, times 1 - (error / slope)²; nothing where the error is as large as the slope."""
    assert Stack(np.ones(1), np.zeros((1, 2)), slope, error).shrinkage == pytest.approx(expected)


def test_constant_effects_have_no_slope(draw_scores: Draw) -> None:
    """A candidate that says the same of everyone is no evidence: slope 0, endless error."""
    data = draw_scores(300, 5, SLOPES)
    found = stacked(data, [np.tile([0.0, 1.0, 2.0], (300, 1))])
    assert found.slope == 0 or found.standard_error > 1e3
    assert not np.isnan(found.standard_error)


def test_average_effects_are_no_evidence(draw_scores: Draw) -> None:
    """With equal propensities, larger average effects only add noise: the slope moves by less than three errors."""
    data = draw_scores(600, 6, SLOPES)
    more = replace(data, outcome=data.outcome + np.array([0.0, 7.0, -4.0])[data.arm])
    here, there = (stacked(one, [truth(data), noise(data, 1)]) for one in (data, more))
    assert abs(there.slope - here.slope) < 3 * here.standard_error


def test_lost_outcomes_are_left_out(draw_scores: Draw) -> None:
    """Episodes without an outcome get predictions, and no say."""
    data = draw_scores(600, 7, SLOPES)
    lost = np.arange(600) % 7 == 0
    some = replace(data, outcome=np.where(lost, np.nan, data.outcome))
    found, without = stacked(some, [truth(data)]), stacked(data.rows(~lost), [truth(data)[~lost]])
    np.testing.assert_allclose(found.weights, without.weights, rtol=1e-12)
    assert (found.slope, found.standard_error) == pytest.approx((without.slope, without.standard_error), rel=1e-9)
    assert np.isfinite(found.predicted).all()
