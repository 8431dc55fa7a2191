"""What is served: averages alone where the gate is shut, earned deviations else, and intervals that hold patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from data_contracts.effects import AverageEffects, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.protocol import StudyProtocol
from estimators.basis_design import smooth_basis
from estimators.candidates.linear_dml import LinearDML
from estimators.candidates.s_learner import SLearner
from estimators.contrasts import average_effects
from estimators.hierarchical_family import mixed_draws
from estimators.misfit import missed_variance
from estimators.scores import score_matrix
from estimators.serve import Served, serve

ARMS = ("usual", "a", "b")
RIVALS = (SLearner(), LinearDML())
SHUT = {"min_effective": 1e9}
OPEN = {"min_effective": 30, "min_slope": 0.0, "slope_confidence": 0.501}


def protocol(**gates: Any) -> StudyProtocol:
    """A protocol of three arms with these pass marks."""
    return StudyProtocol.model_validate(
        {
            "name": "small",
            "records": {"patient_id": "patient_id", "arm": "therapy"},
            "arms": {"reference": "usual", "offered": ["a", "b"]},
            "outcome": {"column": "y", "direction": "higher_is_better", "unit": "points"},
            "effect_modifiers": ["x1", "x2", "x3"],
            "gates": gates,
        }
    )


@dataclass(frozen=True)
class Drawn:
    """Scored episodes and the (n, K) true effects behind them."""

    data: ScoredEpisodes
    effects: FloatArray

    def averages(self) -> AverageEffects:
        """As learning finds them."""
        return average_effects(self.data.scores, self.data.cluster, 0.9)

    def serve(self, **gates: Any) -> Served:
        """Served under these pass marks."""
        return serve(self.data, self.averages(), protocol(**gates), ARMS, RIVALS)


def draw(
    n: int, seed: int, *, spread: float = 1.0, noise: float = 4.0, folds: int = 5, shares: Any = None, gap: float = 1.0
) -> Drawn:
    """Confounded episodes with known propensities: smooth effects, each arm's of this SD about 0, ``gap``, 2 ``gap``.

    The regressions that are told know the patients' part of the outcome and the average effects, not the deviations.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    basis = smooth_basis((x - x.mean(axis=0)) / x.std(axis=0))
    logits = np.log(np.full(3, 1 / 3) if shares is None else np.asarray(shares)) + 0.4 * x @ rng.normal(size=(3, 3))
    propensity = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    arm = (rng.random((n, 1)) > propensity.cumsum(axis=1)).sum(axis=1)
    shape = np.column_stack([np.zeros(n), np.sin(1.5 * x[:, 0]) + 0.5 * x[:, 1], np.tanh(2 * x[:, 1]) - 0.4 * x[:, 0]])
    size = np.r_[1.0, shape[:, 1:].std(axis=0)]
    mean = gap * np.arange(3.0)
    effects = mean + spread * (shape - shape.mean(axis=0)) / size
    level = 2 * x[:, :1] + x[:, 1:2]
    outcome = level[:, 0] + effects[np.arange(n), arm] + noise * rng.normal(size=n)
    expected, seen = level + mean, np.ones((n, 3))
    data = ScoredEpisodes(
        scores=score_matrix(arm, outcome, expected, propensity, seen),
        modifiers=(x - x.mean(axis=0)) / x.std(axis=0),
        arm=arm,
        outcome=outcome,
        expected=expected,
        propensity=propensity,
        observation=seen,
        fold=np.arange(n) % folds,
        cluster=np.arange(n),
        basis=basis,
    )
    return Drawn(data, effects)


@pytest.fixture(scope="module")
def strong() -> Drawn:
    """Effects so strong that they vary."""
    return draw(900, 1, spread=2.0, noise=1.0, folds=3)


@pytest.fixture(scope="module")
def shut(strong: Drawn) -> Served:
    """The same, with too few effective episodes for the protocol."""
    return strong.serve(**SHUT)


@pytest.fixture(scope="module")
def varying(strong: Drawn) -> Served:
    """The same with the default marks, but for the episodes asked."""
    return strong.serve(min_effective=30)


def test_with_the_gate_shut_averages_are_served(strong: Drawn, shut: Served) -> None:
    """Coefficients are exactly the AIPW averages, bit for bit, with no slopes; and the advice is their ranking."""
    assert not shut.effects.individualised.any()
    np.testing.assert_array_equal(shut.effects.coefficients[:, 0], strong.averages().effects)
    assert not shut.effects.coefficients[:, 1:].any()
    over = shut.effects.over(strong.data.features)
    assert (over.argmax(axis=1) == strong.averages().effects.argmax()).all()


def test_with_the_gate_shut_heterogeneity_stays_possible(strong: Drawn, shut: Served) -> None:
    """The root leaves open at least nine tenths of the deviations that there are (SD 2) though none is served."""
    assert (shut.effects.spread(strong.data)[1:] > 1.8).all()


def test_an_open_gate_serves_earned_deviations(strong: Drawn, varying: Served) -> None:
    """Strong effects are served: correlation with the truth above 0.9, and less stays open than with the gate shut."""
    assert varying.effects.individualised.tolist() == [False, True, True]
    over = varying.effects.over(strong.data.features)
    for k in (1, 2):
        assert np.corrcoef(over[:, k], strong.effects[:, k])[0, 1] > 0.9
    assert (varying.effects.spread(strong.data)[1:] < 1.0).all()
    np.testing.assert_allclose(over.mean(axis=0), strong.averages().effects, atol=1e-9)


@pytest.mark.parametrize("gate", ["shut", "varying"])
def test_the_average_patient_has_the_averages_covariance(
    strong: Drawn, gate: str, request: pytest.FixtureRequest
) -> None:
    """At the average patient the root's outer products are the joint covariance of the averages and what the basis is
    taken to miss of each arm, to 1e-12; further off variances are larger.
    """
    served = request.getfixturevalue(gate).effects
    averages = strong.averages()
    missed = missed_variance(strong.data, served.coefficients[:, 1:])
    assert (missed[1:] > 0).tolist() == served.individualised[1:].tolist()
    effects, covariance = served.at(np.zeros(strong.data.basis.terms))
    np.testing.assert_array_equal(effects, averages.effects)
    np.testing.assert_allclose(covariance, averages.covariance + np.diag(missed), atol=1e-12)
    for terms in strong.data.features[:20]:
        wider = served.at(terms)[1]
        assert np.linalg.eigvalsh(wider - covariance).min() > -1e-9


@pytest.mark.parametrize("gate", ["shut", "varying"])
def test_what_is_left_out_is_in_the_root(strong: Drawn, gate: str, request: pytest.FixtureRequest) -> None:
    """The root's outer products over slopes are the mixed posteriors' second moments about what is served."""
    served = request.getfixturevalue(gate)
    leads = served.competition.leads
    draws = mixed_draws(leads, served.stacked.weights[: len(leads)])[:, 2, 1:]
    mean = draws.mean(axis=0)
    left_out = mean - served.effects.coefficients[2, 1:]
    expected = np.cov(draws.T, ddof=0) + np.outer(left_out, left_out)
    slopes = served.effects.root[:, :, 1:]
    np.testing.assert_allclose(slopes[:, 2].T @ slopes[:, 2], expected, atol=1e-9)
    assert not served.effects.root[:, 0].any()


def test_a_thin_arm_stays_constant_beside_a_varying_one() -> None:
    """An arm of some 80 episodes gets the average with no slopes, and its possible deviations in the root; the other
    arm varies.
    """
    drawn = draw(1500, 3, spread=2.0, noise=1.0, folds=3, shares=[0.475, 0.475, 0.05])
    served = drawn.serve()
    assert served.effects.individualised.tolist() == [False, True, False]
    assert "effective episodes" in served.decisions[1].reason
    assert not served.effects.coefficients[2, 1:].any()
    assert served.effects.coefficients[2, 0] == drawn.averages().effects[2]
    assert served.effects.coefficients[1, 1:].any()
    assert served.effects.root[-1, 2, 1:].any()
    assert served.effects.spread(drawn.data)[2] > 1.0


def test_slopes_are_the_stack_of_the_candidates(strong: Drawn, varying: Served) -> None:
    """Served slopes lie in the span of the candidates' with their weights, times one factor of at most 1."""
    leads = [lead.posterior.mean[:, 1:] for lead in varying.competition.leads]
    fitted = [*leads, *(model.fit(strong.data)[:, 1:] for model in RIVALS)]
    weights = list(varying.weights.values())
    assert min(weights) >= 0
    stacked = sum(weight * slopes for weight, slopes in zip(weights, fitted, strict=True))
    served = varying.effects.coefficients[:, 1:]
    factor = float((served * stacked).sum() / (stacked**2).sum())
    assert 0.5 < factor <= 1 + 1e-9
    np.testing.assert_allclose(served, factor * stacked, atol=1e-6)


def test_the_same_episodes_give_the_same(strong: Drawn, varying: Served) -> None:
    """Served twice, everything is equal bit for bit."""
    again = strong.serve(min_effective=30)
    assert again.decisions == varying.decisions
    np.testing.assert_array_equal(again.effects.coefficients, varying.effects.coefficients)
    np.testing.assert_array_equal(again.effects.root, varying.effects.root)


def test_other_averages_move_intercepts_alone(strong: Drawn, varying: Served) -> None:
    """Averages are served as they are told: other ones move the intercepts and their part of the root, no slope."""
    told = replace(strong.averages(), effects=np.array([0.0, 9.0, -9.0]))
    found = serve(strong.data, told, protocol(min_effective=30), ARMS, RIVALS).effects
    np.testing.assert_array_equal(found.coefficients[:, 0], [0, 9, -9])
    np.testing.assert_array_equal(found.coefficients[:, 1:], varying.effects.coefficients[:, 1:])


def coverage(seeds: range, **world: Any) -> tuple[float, float, float]:
    """Mean share of patients and arms whose pointwise 90 % interval holds the true effect, its Monte Carlo error, and
    how often effects varied.
    """
    shares, varied = [], []
    for seed in seeds:
        drawn = draw(1500, seed, folds=3, **world)
        served = drawn.serve().effects
        basis = np.hstack([np.ones((1500, 1)), drawn.data.features])
        error = np.sqrt(((served.root @ basis.T) ** 2).sum(axis=0)).T
        gap = np.abs(served.over(drawn.data.features) - drawn.effects)
        shares.append((gap <= 1.645 * error)[:, 1:].mean())
        varied.append(served.individualised.any())
    return float(np.mean(shares)), float(np.std(shares) / np.sqrt(len(seeds))), float(np.mean(varied))


def test_intervals_hold_patients_effects() -> None:
    """8 draws, n = 1,500, three arms, smooth effects of SD 1, noise of SD 4: pointwise 90 % intervals hold at least
    0.87 of patients' effects, less 3 Monte Carlo errors.
    """
    share, error, _ = coverage(range(8))
    assert share >= 0.87 - 3 * error


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "noise"), [(0.0, 4.0), (0.5, 4.0), (1.5, 4.0), (2.5, 4.0), (1.0, 1.0)])
def test_intervals_hold_patients_effects_in_other_worlds(spread: float, noise: float) -> None:
    """40 draws of weaker and stronger effects: 0.87 of patients' effects, less 3 Monte Carlo errors."""
    share, error, _ = coverage(range(100, 140), spread=spread, noise=noise)
    assert share >= 0.87 - 3 * error


def advice(seeds: range) -> float:
    """Share of draws without heterogeneity in which every patient is advised what the averages rank first."""
    same = []
    for seed in seeds:
        drawn = draw(1500, seed, spread=0.0, gap=0.0, folds=3)
        over = drawn.serve().effects.over(drawn.data.features)
        same.append(bool((over.argmax(axis=1) == drawn.averages().effects.argmax()).all()))
    return float(np.mean(same))


def test_without_differences_the_advice_is_the_averages() -> None:
    """Null world, n = 1,500, all arms equal: the advice is the averages' ranking in at least 9 of 10 draws."""
    assert advice(range(10)) >= 0.9


@pytest.mark.slow
def test_without_differences_the_advice_is_the_averages_in_200_draws() -> None:
    """The same in 200 draws, less 2 Monte Carlo errors (0.042)."""
    assert advice(range(1000, 1200)) >= 0.9 - 2 * np.sqrt(0.9 * 0.1 / 200)
