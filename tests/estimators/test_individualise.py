"""Individualisation is earned: refused to noise, to overfitting and to thin arms, granted to strong effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from data_contracts.effects import EffectModel, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.gate import Individualisation
from data_contracts.gate_marks import GateMarks
from estimators.candidates.linear_dml import LinearDML
from estimators.candidates.linear_dr import LinearDR
from estimators.candidates.s_learner import SLearner
from estimators.competition import compete
from estimators.held_out import held_out_deviations
from estimators.hierarchical import Hierarchical
from estimators.individualise import calibrate, decide, effective_episodes
from estimators.residual_scale import residuals
from estimators.stack import Stack, stack

ARMS = ("reference", "a", "b")
MARKS = GateMarks()
NONE = [0.0] * 6
STRONG = [NONE, [0.5, -0.4, 0, 0, 0, 0], [0, 0.4, 0.4, 0, 0, 0]]

Draw = Callable[..., ScoredEpisodes]


def decided(data: ScoredEpisodes, marks: GateMarks = MARKS) -> tuple[Individualisation, ...]:
    """The decisions on what is served: all candidates, stacked."""
    competition = compete(data, (SLearner(), LinearDML()))
    return decide(data, stack(data, competition.deviations, competition.prior), ARMS, marks, 0.9)


def unstacked(data: ScoredEpisodes, model: EffectModel) -> Stack:
    """The evidence on one model's effects as they are, no weight of any stack between (errors by rows)."""
    predicted = model.held_out(data)
    treatment, outcome = residuals(data, np.arange(len(data.arm)))
    said = (treatment * predicted).sum(axis=1)
    said, seen = (v - treatment @ np.linalg.lstsq(treatment, v, rcond=None)[0] for v in (said, outcome))
    size = max(float(said @ said), 1e-12)
    slope = float(said @ seen) / size
    return Stack(np.ones(1), predicted, slope, float(np.sqrt(((said * (seen - slope * said)) ** 2).sum())) / size)


def test_without_heterogeneity_everybody_gets_the_constant(draw_scores: Draw) -> None:
    """Null world, n = 1,200, six modifiers: both arms stay constant in at least 90 % of 30 draws.

    The bound of the slope is above 0 in 10 % of draws by luck, and then the slope must reach a half as well.
    """
    draws = [decided(draw_scores(1200, seed, [NONE] * 3)) for seed in range(30)]
    constant = [not any(found.individualised for found in decisions) for decisions in draws]
    assert np.mean(constant) >= 0.9


def test_strong_effects_are_individualised(draw_scores: Draw) -> None:
    """Effects of SD 0.6 against a slope's error of about 0.07: both arms vary in at least 90 % of 10 draws."""
    draws = [decided(draw_scores(1200, seed, STRONG, folds=3)) for seed in range(10)]
    assert np.mean([all(found.individualised for found in decisions) for decisions in draws]) >= 0.9


@dataclass(frozen=True)
class Memoriser:
    """Least squares on many columns of noise that it makes up: it fits what it saw and nothing else."""

    columns: int
    name: str = "memoriser"
    passes_on: bool = False

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """Interpolates its training rows as far as its columns allow."""
        basis = np.hstack([np.ones((len(data.arm), 1)), data.features[:, : self.columns]])
        found = np.linalg.lstsq(basis, data.contrasts, rcond=None)[0].T
        return np.hstack([found, np.zeros((len(found), data.features.shape[1] - self.columns))])

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """As every model that has no quicker way."""
        return held_out_deviations(self, data)


@dataclass(frozen=True)
class Exaggerator:
    """A good model whose slopes are multiplied."""

    factor: float
    name: str = "exaggerator"
    passes_on: bool = False

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """The linear effects, multiplied."""
        coefficients = LinearDR().fit(data)
        coefficients[:, 1:] *= self.factor
        return coefficients

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """As every model that has no quicker way."""
        return held_out_deviations(self, data)


@pytest.mark.parametrize("seed", range(5))
def test_a_memoriser_is_refused(draw_scores: Draw, seed: int) -> None:
    """A model with 250 made-up columns for 600 rows explains its own rows and is refused on the others', although
    among those columns are two true modifiers: slope far below one and calibration R² below zero. Even where it is the
    only candidate, the stack takes away at least nine tenths of it.
    """
    data = draw_scores(600, seed, [[0.0] * 250, [0.3, 0.2] + [0.0] * 248, [0.0] * 250])
    fitted = data.features @ Memoriser(250).fit(data)[1, 1:]
    inside = calibrate(data.contrasts[:, 1], fitted, np.zeros(600, dtype=int), data.cluster, 0.9)
    assert inside is not None
    assert inside.slope == pytest.approx(1, abs=0.01)
    assert inside.r2 > 0.8
    found = unstacked(data, Memoriser(250))
    for one in decide(data, found, ARMS, MARKS, 0.9):
        assert not one.individualised
        assert one.slope is not None
        assert one.slope < MARKS.min_slope
        assert one.calibration_r2 is not None
        assert one.calibration_r2 < 0
    assert stack(data, [found.predicted], np.ones(1)).weights[0] < 0.1


@pytest.mark.parametrize(("factor", "granted"), [(1.0, True), (3.0, False), (0.3, True), (-1.0, False)])
def test_exaggeration_is_refused_though_the_ranking_is_perfect(
    draw_scores: Draw, factor: float, granted: bool
) -> None:
    """Slopes three times too large, or turned, keep the order of patients but not the calibration: refused.

    Understated ones are safe, and granted. A stack brings an exaggeration back to its size (20 %).
    """
    data = draw_scores(3000, 1, STRONG)
    evidence = unstacked(data, Exaggerator(factor))
    found = decide(data, evidence, ARMS, MARKS, 0.9)
    assert evidence.slope == pytest.approx(1 / factor, rel=0.1)
    assert [one.individualised for one in found] == [granted, granted]
    for one in found:
        assert one.slope == pytest.approx(1 / factor, rel=0.25)
    if factor > 0.5:
        stacked = stack(data, [evidence.predicted], np.ones(1))
        assert factor * stacked.weights[0] == pytest.approx(1, rel=0.2)
        assert stacked.slope == pytest.approx(1, abs=0.2)


def test_an_arm_is_constant_where_its_own_scores_contradict(draw_scores: Draw) -> None:
    """Effects of one arm turned round: together they still point the right way, but that arm stays constant alone."""
    data = draw_scores(3000, 2, [NONE, [0.8, 0, 0, 0, 0, 0], [0.2, 0, 0, 0, 0, 0]])
    predicted = np.outer(data.features[:, 0], [0.0, 0.8, -0.2])
    found = decide(data, stack(data, [predicted], np.ones(1)), ARMS, MARKS, 0.9)
    assert [one.individualised for one in found] == [True, False]
    assert "its own scores contradict" in found[1].reason


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
    evidence = stack(data, [Hierarchical().held_out(data)], np.ones(1))
    data = replace(data, arm=np.arange(1200) % 3)
    np.testing.assert_allclose(effective_episodes(data), 400)
    found = decide(data, evidence, ARMS, GateMarks(min_effective=asked), 0.9)
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


def test_who_comes_again_is_no_further_effective_episode(draw_scores: Draw) -> None:
    """400 patients: five copies of each one's episode are worth one, five that have nothing in common far more."""
    data = draw_scores(400, 4, STRONG)
    copied = data.rows(np.repeat(np.arange(400), 5))
    np.testing.assert_allclose(effective_episodes(copied), effective_episodes(data))
    own = draw_scores(2_000, 4, STRONG, cluster_size=5)
    assert (effective_episodes(own) > 3 * effective_episodes(data)).all()


def test_no_row_meets_a_lead_that_saw_it(draw_scores: Draw) -> None:
    """Changing outcomes and scores of one fold changes the held-out effects of every other fold and never its own.

    The lead leaves a fold out by subtraction: its own rounding, 1e-9 of the effects, is allowed.
    """
    data = draw_scores(300, 5, [[0.0, 0.0], [0.6, 0.0], [0.0, 0.5]])
    test = data.fold == 2
    noise = 10 * np.random.default_rng(1).normal(size=data.scores.shape) * test[:, None]
    other = replace(data, scores=data.scores + noise, outcome=data.outcome + noise[:, 0])
    before, after = Hierarchical().held_out(data), Hierarchical().held_out(other)
    np.testing.assert_allclose(after[test], before[test], rtol=1e-9, atol=1e-9)
    for fold in (0, 1, 3, 4):
        assert (np.abs(before - after)[data.fold == fold, 1:] > 1e-6).any()
    assert np.abs(before[:, 1:]).max() > 0.01


def test_held_out_effects_are_each_folds_own_least_squares(draw_scores: Draw) -> None:
    """Fold by fold they equal numpy's least squares on the other folds, less its intercept, to 1e-9."""
    data = draw_scores(300, 6, [[0.0, 0.0], [0.3, 0.0]])
    found = LinearDR().held_out(data)
    basis = np.hstack([np.ones((300, 1)), data.features])
    for k in range(5):
        test = data.fold == k
        slopes = np.linalg.lstsq(basis[~test], data.contrasts[~test], rcond=None)[0][1:]
        np.testing.assert_allclose(found[test], data.features[test] @ slopes, atol=1e-9)


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
    data = draw_scores(1200, 10, STRONG)
    found = decide(data, unstacked(data, Exaggerator(0.0)), ARMS, MARKS, 0.9)
    assert all(one.slope is None and not one.individualised for one in found)
    assert all("same effect for everyone" in one.reason for one in found)
