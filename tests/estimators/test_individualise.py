"""Individualisation is earned: refused to noise, to overfitting and to thin arms, granted to strong effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes, ServedEffects
from data_contracts.gate import Individualisation
from data_contracts.protocol import GateMarks
from estimators.individualise import calibrate, decide, effective_episodes, held_out_effects
from estimators.linear_dr import LinearDR, serve_linear

ARMS = ("reference", "a", "b")
MARKS = GateMarks()
NONE = [0.0] * 6
STRONG = [NONE, [0.5, -0.4, 0, 0, 0, 0], [0, 0.4, 0.4, 0, 0, 0]]
DRAWS = 40

Draw = Callable[..., ScoredEpisodes]


def decided(data: ScoredEpisodes, marks: GateMarks = MARKS) -> tuple[Individualisation, ...]:
    """The decisions of the served learner."""
    return decide(data, LinearDR(), ARMS, marks, 0.9)


def test_without_heterogeneity_everybody_gets_the_constant(draw_scores: Draw) -> None:
    """Null world, n = 1,200, six modifiers: both arms stay constant in at least 90 % of 40 draws.

    An arm passes by luck in about 1 of 40 (the slope's interval must exclude 0, and R² reach a half); 10 % of 40 draws
    with two arms is 2 errors above that.
    """
    draws = [decided(draw_scores(1200, seed, [NONE] * 3)) for seed in range(DRAWS)]
    constant = [not any(found.individualised for found in decisions) for decisions in draws]
    assert np.mean(constant) >= 0.9


def test_strong_effects_are_individualised(draw_scores: Draw) -> None:
    """Effects of SD 0.6 against a slope's error of about 0.07: both arms vary in at least 90 % of 40 draws."""
    varying = [all(found.individualised for found in decided(draw_scores(1200, s, STRONG))) for s in range(DRAWS)]
    assert np.mean(varying) >= 0.9


@dataclass(frozen=True)
class Memoriser:
    """Least squares on many columns of noise that it makes up: it fits what it saw and nothing else."""

    columns: int
    name: str = "memoriser"

    def fit(self, data: ScoredEpisodes) -> ServedEffects:
        """Interpolates its training rows as far as its columns allow."""
        basis = np.hstack([np.ones((len(data.arm), 1)), data.features[:, : self.columns]])
        found = np.linalg.lstsq(basis, data.contrasts, rcond=None)[0].T
        coefficients = np.zeros((len(found), 1 + data.features.shape[1]))
        coefficients[:, : 1 + self.columns] = found
        return serve_linear(data, coefficients, np.ones(len(coefficients), dtype=np.bool_))


@dataclass(frozen=True)
class Exaggerator:
    """A good model whose slopes are multiplied."""

    factor: float
    name: str = "exaggerator"

    def fit(self, data: ScoredEpisodes) -> ServedEffects:
        """The linear effects, multiplied."""
        served = LinearDR().fit(data)
        coefficients = served.coefficients.copy()
        coefficients[:, 1:] *= self.factor
        return replace(served, coefficients=coefficients)


@pytest.mark.parametrize("seed", range(5))
def test_a_memoriser_is_refused(draw_scores: Draw, seed: int) -> None:
    """A model with 250 made-up columns for 600 rows explains its own rows and is refused on the others', although
    among those columns are two true modifiers: slope far below one and calibration R² below zero.
    """
    data = draw_scores(600, seed, [[0.0] * 250, [0.3, 0.2] + [0.0] * 248, [0.0] * 250])
    seen = Memoriser(250).fit(data)
    fitted = data.features @ seen.coefficients[1, 1:]
    inside = calibrate(data.contrasts[:, 1], fitted, np.zeros(600, dtype=int), data.cluster, 0.9)
    assert inside is not None
    assert inside.slope == pytest.approx(1, abs=0.01)
    assert inside.r2 > 0.8
    for found in decide(data, Memoriser(250), ARMS, MARKS, 0.9):
        assert not found.individualised
        assert found.slope is not None
        assert found.slope < MARKS.slope[0]
        assert found.calibration_r2 is not None
        assert found.calibration_r2 < 0


@pytest.mark.parametrize(("factor", "granted"), [(1.0, True), (3.0, False), (0.3, False), (-1.0, False)])
def test_exaggeration_is_refused_though_the_ranking_is_perfect(
    draw_scores: Draw, factor: float, granted: bool
) -> None:
    """Slopes three times too large or too small keep the ranking of patients but not the calibration: refused."""
    found = decide(draw_scores(3000, 1, STRONG), Exaggerator(factor), ARMS, MARKS, 0.9)
    assert [one.individualised for one in found] == [granted, granted]
    for one in found:
        assert one.slope == pytest.approx(1 / factor, rel=0.25)


@pytest.mark.parametrize("thin", [0, 1])
def test_too_few_effective_episodes(draw_scores: Draw, thin: int) -> None:
    """With about 100 episodes an arm stays constant however strong its effect; a thin reference stops all arms."""
    shares = np.full(3, (1 - 0.04) / 2)
    shares[thin] = 0.04
    found = decided(draw_scores(2500, 2, STRONG, shares=shares, noise=0.1))
    assert [one.individualised for one in found] == ([False, False] if thin == 0 else [False, True])
    assert "effective episodes" in found[0].reason
    assert found[0].effective == pytest.approx(100, abs=30)


@pytest.mark.parametrize(("asked", "granted"), [(390, True), (410, False)])
def test_the_mark_is_the_protocols(draw_scores: Draw, asked: float, granted: bool) -> None:
    """With equal weights an arm's effective episodes are its episodes, and the protocol's mark decides."""
    data = draw_scores(1200, 3, STRONG)
    data = replace(data, arm=np.arange(1200) % 3)
    np.testing.assert_allclose(effective_episodes(data), 400)
    found = decided(data, GateMarks(min_effective=asked))
    assert all(one.individualised == granted for one in found)


def test_effective_episodes_are_kishs_by_hand(draw_scores: Draw) -> None:
    """(Σw)² / Σw² over the observed episodes of the arm, w = 1 / (propensity x seen); lost ones do not count."""
    data = draw_scores(6, 4, [[0.0], [0.0]])
    data = replace(
        data,
        arm=np.array([0, 0, 0, 1, 1, 1]),
        outcome=np.array([1.0, 1.0, np.nan, 1.0, 1.0, 1.0]),
        propensity=np.array([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.8, 0.2]]),
        observation=np.array([[1, 1.0], [0.5, 1], [1, 1], [1, 1], [1, 0.5], [1, 1]]),
    )
    first, second = np.array([2.0, 8.0]), np.array([2.0, 4.0, 5.0])
    expected = [first.sum() ** 2 / (first**2).sum(), second.sum() ** 2 / (second**2).sum()]
    np.testing.assert_allclose(effective_episodes(data), expected)


def test_no_row_meets_a_model_that_saw_it(draw_scores: Draw) -> None:
    """Changing the scores of one fold changes the held-out effects of every other fold and never its own."""
    data = draw_scores(300, 5, [[0.0, 0.0], [0.3, 0.0], [0.0, 0.2]])
    test = data.fold == 2
    changed = data.scores.copy()
    changed[test] += 100 * np.random.default_rng(1).normal(size=changed[test].shape)
    before, after = held_out_effects(data, LinearDR()), held_out_effects(replace(data, scores=changed), LinearDR())
    np.testing.assert_array_equal(before[test], after[test])
    assert (before[~test, 1:] != after[~test, 1:]).all()


def test_held_out_effects_are_each_folds_own_least_squares(draw_scores: Draw) -> None:
    """Fold by fold they equal numpy's least squares on the other folds, to 1e-9."""
    data = draw_scores(300, 6, [[0.0, 0.0], [0.3, 0.0]])
    found = held_out_effects(data, LinearDR())
    basis = np.hstack([np.ones((300, 1)), data.features])
    for k in range(5):
        test = data.fold == k
        expected = basis[test] @ np.linalg.lstsq(basis[~test], data.contrasts[~test], rcond=None)[0]
        np.testing.assert_allclose(found[test], expected, atol=1e-9)


def test_perfect_predictions_are_perfectly_calibrated() -> None:
    """Predictions equal to the scores: slope 1 with no error, R² 1."""
    rng = np.random.default_rng(7)
    score = rng.normal(size=200)
    found = calibrate(score, score, np.arange(200) % 4, np.arange(200), 0.9)
    assert found is not None
    assert (found.slope, found.lower, found.upper, found.r2) == pytest.approx((1, 1, 1, 1), abs=1e-9)


def test_differences_between_folds_are_no_evidence() -> None:
    """Predictions that only tell folds apart earn no slope."""
    fold = np.arange(200) % 4
    score = fold + np.random.default_rng(8).normal(size=200)
    assert calibrate(score, fold.astype(float), fold, np.arange(200), 0.9) is None


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_r2_by_hand(shift: float) -> None:
    """R² is 1 less the squared error of five bins' predictions over that of the overall mean; a shift costs."""
    predicted = np.repeat(np.arange(5.0), 20)
    score = 2 * predicted
    found = calibrate(score, predicted + shift, np.arange(100) % 2, np.arange(100), 0.9)
    assert found is not None
    wrong = np.mean([(2 * level - level - shift) ** 2 for level in range(5)])
    assert found.r2 == pytest.approx(1 - wrong / 8)
    assert found.slope == pytest.approx(2)


def test_the_slopes_interval_covers() -> None:
    """Predictions right but for a slope of 0.7, clusters of four with shared noise: the 90 % interval of the slope
    holds 0.7 in 0.90 of 400 draws, within 3 Monte Carlo errors (0.045).
    """
    rng = np.random.default_rng(9)
    cluster = np.arange(400) // 4
    fold = cluster % 5
    hits = 0
    for _ in range(400):
        shared = rng.normal(size=100)[cluster]
        predicted = rng.normal(size=100)[cluster] + 0.5 * rng.normal(size=400)
        score = 0.7 * predicted + 2 * shared + rng.normal(size=400)
        found = calibrate(score, predicted, fold, cluster, 0.9)
        assert found is not None
        hits += found.lower <= 0.7 <= found.upper
    assert hits / 400 == pytest.approx(0.9, abs=0.045)


def test_a_constant_model_is_told_apart_from_a_bad_one(draw_scores: Draw) -> None:
    """A model that predicts the same effect for everyone is not judged by a slope, and the reason says so."""
    found = decide(draw_scores(1200, 10, STRONG), Exaggerator(0.0), ARMS, MARKS, 0.9)
    assert all(one.slope is None and not one.individualised for one in found)
    assert all("same effect for everyone" in one.reason for one in found)
