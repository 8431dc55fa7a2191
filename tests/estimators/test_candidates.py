"""What every effect model in the table must keep, whatever it is made of; a new line in the table is tested here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from _pytest.mark.structures import ParameterSet

from data_contracts.effects import EffectModel, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.basis_design import smooth_basis
from estimators.candidates import CANDIDATES, Candidate
from estimators.candidates.causal_forest import CausalForest
from estimators.candidates.forest_dr import ForestDR
from estimators.candidates.gaussian_process import GaussianProcess
from estimators.scores import score_matrix

N, ARMS = 500, 3
NOISE = 2.0
SHARES = np.array([0.4, 0.35, 0.25])

STAND_INS = (ForestDR(trees=24), CausalForest(trees=24), GaussianProcess(seen_for_scales=120))
"""Cost less and differ in nothing else."""


def listed(one: Candidate) -> ParameterSet:
    """The candidate or what stands in for it; skipped where its package is not installed."""
    model = next((quick for quick in STAND_INS if quick.name == one.model.name), one.model)
    absent = bool(one.package) and find_spec(str(one.package)) is None
    return pytest.param(
        model, marks=pytest.mark.skipif(absent, reason=f"package {one.package} is not installed"), id=model.name
    )


DEALT = ("forest_dr", "causal_forest", "gaussian_process", "bart")
"""To which the order of rows deals chance, or the rows that scales are fitted on."""

NOBODY = ("zero", "constant", "outcome_regressions")
"""Which say that nobody deviates."""

each = pytest.mark.parametrize("model", [listed(one) for one in CANDIDATES])


def draw(seed: int, *, strength: float = 2.0, lost: float = 0.1) -> tuple[ScoredEpisodes, FloatArray]:
    """500 scored episodes of a trial with three arms and four modifiers, the last constant, a share of the outcomes
    lost; and the (n, K) true effects: arm 1's follow the first modifier, arm 2's the second, with SD ``strength``.
    """
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(N, 3)), np.zeros(N)])
    x[:, :3] = (x[:, :3] - x[:, :3].mean(axis=0)) / x[:, :3].std(axis=0)
    effects = np.column_stack([np.zeros(N), 1 + strength * x[:, 0], 2 - strength * x[:, 1]])
    arm = rng.choice(ARMS, size=N, p=SHARES)
    course = 10 + x[:, 2]
    outcome = course + effects[np.arange(N), arm] + NOISE * rng.normal(size=N)
    outcome[rng.random(N) < lost] = np.nan
    expected = course[:, None] + effects.mean(axis=0)
    propensity, observation = np.tile(SHARES, (N, 1)), np.full((N, ARMS), 1 - lost)
    basis = smooth_basis(x)
    data = ScoredEpisodes(
        scores=score_matrix(arm, outcome, expected, propensity, observation),
        modifiers=x,
        arm=arm,
        outcome=outcome,
        expected=expected,
        propensity=propensity,
        observation=observation,
        fold=np.arange(N) % 3,
        cluster=np.arange(N),
        basis=basis,
    )
    return data, effects


@pytest.fixture(scope="module")
def data() -> ScoredEpisodes:
    """One draw that all look at."""
    return draw(1)[0]


@pytest.fixture(scope="module")
def fitted(data: ScoredEpisodes) -> Callable[[EffectModel], FloatArray]:
    """Each model's coefficients on that draw, fitted once."""
    known: dict[str, FloatArray] = {}

    def fit(model: EffectModel) -> FloatArray:
        if model.name not in known:
            known[model.name] = model.fit(data)
        return known[model.name]

    return fit


Fitted = Callable[[EffectModel], FloatArray]


def deviations(coefficients: FloatArray, data: ScoredEpisodes) -> FloatArray:
    """(n, K) what a model says beyond its averages."""
    return np.asarray(data.features @ coefficients[:, 1:].T)


def moved(here: FloatArray, there: FloatArray, data: ScoredEpisodes) -> float:
    """Largest root mean squared change over patients of any arm's effects."""
    gap = deviations(here - there, data) + (here - there)[:, 0]
    return float(np.sqrt((gap**2).mean(axis=0)).max())


def with_arms(data: ScoredEpisodes, swap: IntArray) -> ScoredEpisodes:
    """The same episodes with arm k called swap[k]; swap is its own inverse."""
    columns = {name: getattr(data, name)[:, swap] for name in ("scores", "expected", "propensity", "observation")}
    return replace(data, arm=swap[data.arm], **columns)


@each
def test_coefficients_are_of_the_served_form(data: ScoredEpisodes, fitted: Fitted, model: EffectModel) -> None:
    """(K, 1 + P) finite numbers, the reference's all zero."""
    found = fitted(model)
    assert found.shape == (ARMS, 1 + data.basis.terms)
    assert np.isfinite(found).all()
    assert not found[0].any()


@each
def test_the_same_episodes_give_the_same(data: ScoredEpisodes, fitted: Fitted, model: EffectModel) -> None:
    """Fitted again, every coefficient is the same, bit for bit."""
    np.testing.assert_array_equal(model.fit(data), fitted(model))


@each
def test_strong_effects_are_found(model: EffectModel) -> None:
    """Effects with an SD of 2 under noise of 2: held-out deviations follow the truth, correlation at least 0.7; zero
    and constant say that nobody deviates.
    """
    data, effects = draw(2)
    found = model.held_out(data)
    if model.name in NOBODY:
        assert not found.any()
        return
    for k in range(1, ARMS):
        assert np.corrcoef(found[:, k], effects[:, k])[0, 1] > 0.7


@each
def test_noise_is_not_blown_up(model: EffectModel) -> None:
    """Without any heterogeneity no arm's deviations exceed the noise of a single outcome, in root mean square."""
    data, _ = draw(3, strength=0.0)
    found = deviations(model.fit(data), data)
    assert np.sqrt((found**2).mean(axis=0)).max() < NOISE


@each
def test_row_order(data: ScoredEpisodes, fitted: Fitted, model: EffectModel) -> None:
    """Rows in another order move no effect by 1e-9; where chance is dealt to rows in turn by no more than 0.4 of the
    noise, root mean square (a study puts its rows in one order beforehand).
    """
    order = np.random.default_rng(4).permutation(N)
    found = model.fit(data.rows(order))
    assert moved(found, fitted(model), data) < (0.4 * NOISE if model.name in DEALT else 1e-9)


@each
def test_swapping_two_offered_arms(data: ScoredEpisodes, fitted: Fitted, model: EffectModel) -> None:
    """Arms 1 and 2 called each other: their effects swap, to 1e-6."""
    swap = np.array([0, 2, 1])
    found = model.fit(with_arms(data, swap))
    assert moved(found[swap], fitted(model), data) < 1e-6


@each
@pytest.mark.parametrize(("shift", "factor"), [(100.0, 1.0), (0.0, 8.0), (0.0, 0.01)])
def test_shift_and_unit_of_the_outcome(
    data: ScoredEpisodes, fitted: Fitted, model: EffectModel, shift: float, factor: float
) -> None:
    """A constant added to outcomes moves no effect, and in other units effects are in those units, to 1e-6."""
    changed = {name: factor * (getattr(data, name) + shift) for name in ("outcome", "expected", "scores")}
    found = model.fit(replace(data, **changed)) / factor
    assert moved(found, fitted(model), data) < 1e-6


@each
def test_a_constant_column_says_nothing(data: ScoredEpisodes, fitted: Fitted, model: EffectModel) -> None:
    """The terms made from a column without spread have no slope."""
    terms = np.array([3 in source for source in data.basis.sources])
    assert terms.any()
    np.testing.assert_allclose(fitted(model)[:, 1:][:, terms], 0, atol=1e-9)


@each
def test_modifiers_that_determine_each_other(model: EffectModel) -> None:
    """The constant column replaced by a copy of the first: nobody is warned, and the effects found are still the true
    ones (correlation at least 0.7), however the two share them.
    """
    data, effects = draw(5)
    x = data.modifiers.copy()
    x[:, 3] = x[:, 0]
    basis = smooth_basis(x)
    doubled = replace(data, basis=basis, modifiers=x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = deviations(model.fit(doubled), doubled)
    assert np.isfinite(found).all()
    if model.name not in NOBODY:
        assert min(np.corrcoef(found[:, k], effects[:, k])[0, 1] for k in range(1, ARMS)) > 0.7


@each
def test_lost_outcomes_are_left_out(data: ScoredEpisodes, model: EffectModel) -> None:
    """Of an episode whose outcome was lost neither the arm nor its chance of being seen matters (to 1e-9)."""
    lost = np.isnan(data.outcome)
    assert lost.sum() > 20
    other = replace(
        data,
        arm=np.where(lost, (data.arm + 1) % ARMS, data.arm),
        observation=np.where(lost[:, None], 0.5, data.observation),
    )
    assert moved(model.fit(other), model.fit(data), data) < 1e-9


@each
def test_no_row_meets_a_model_that_saw_it(data: ScoredEpisodes, model: EffectModel) -> None:
    """Changing outcomes and scores of one fold changes held-out effects of other folds and never its own."""
    test = data.fold == 1
    noise = 10 * np.random.default_rng(1).normal(size=data.scores.shape) * test[:, None]
    other = replace(data, scores=data.scores + noise, outcome=data.outcome + noise[:, 0])
    before, after = model.held_out(data), model.held_out(other)
    np.testing.assert_array_equal(after[test], before[test])
    if model.name not in NOBODY:
        assert (np.abs(before - after)[~test, 1:] > 1e-6).any()
