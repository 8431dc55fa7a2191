"""The hierarchical model: folds left out by subtraction, and what must not move its effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators import sufficient as cross_products
from estimators.basis_design import smooth_basis
from estimators.hierarchical import HELD_OUT, Hierarchical, Posterior
from estimators.residual_scale import arm_contrasts, residuals
from estimators.sufficient import sufficient, sufficient_by_fold

SLOPES = [[0, 0, 0], [0.5, 0, -0.2], [0, 0.3, 0]]

Draw = Callable[..., ScoredEpisodes]


def sample(data: ScoredEpisodes) -> Posterior:
    """The richest model's posterior."""
    return Hierarchical().posterior(sufficient(data), data)


@pytest.fixture(scope="module")
def data(draw_scores: Draw) -> ScoredEpisodes:
    """600 episodes of three arms over a smooth basis; a fifth were lost, the weights of the others between 1 and 2."""
    plain = draw_scores(600, 1, SLOPES, effects=[0, 1, 2])
    basis = smooth_basis(plain.modifiers)
    rng = np.random.default_rng(2)
    lost = (rng.random(600) < 0.2) & (plain.fold != 4)
    return replace(
        plain,
        basis=basis,
        observation=rng.uniform(0.5, 1, size=(600, 3)),
        outcome=np.where(lost, np.nan, plain.outcome),
    )


def test_sums_of_parts_are_the_whole(data: ScoredEpisodes) -> None:
    """Cross products of the folds add up to those of all, and taking one away leaves those of the others (1e-9)."""
    parts = [sufficient(data.rows(data.fold == fold)) for fold in range(5)]
    whole = parts[0] + parts[1] + parts[2] + parts[3] + parts[4]
    for made, direct in ((whole, sufficient(data)), (whole - parts[2], sufficient(data.rows(data.fold != 2)))):
        found, expected = ({**vars(sums), **vars(sums.squares)} for sums in (made, direct))
        for name in found.keys() - {"squares"}:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_chunks_do_not_matter(data: ScoredEpisodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces of 37 episodes the cross products are the same, to 1e-9."""
    whole = sufficient(data)
    monkeypatch.setattr(cross_products, "CHUNK", 37)
    np.testing.assert_allclose(sufficient(data).gram, whole.gram, atol=1e-9)
    assert sufficient(data).rows == whole.rows == np.sum(~np.isnan(data.outcome))
    np.testing.assert_allclose(sufficient(data).squares.together, whole.squares.together, rtol=1e-9)


def test_copies_of_a_patients_episode_tell_nothing_new(data: ScoredEpisodes) -> None:
    """Every episode three times over, as the same patient's: the same draws, held out too, to 1e-6 of their spread.

    Were the copies other patients', the draws would be others.
    """
    copies = np.repeat(np.arange(len(data.arm)), 3)
    alone, again = sample(data), sample(data.rows(copies))
    atol = 1e-6 * float(alone.draws.std())
    np.testing.assert_allclose(again.draws, alone.draws, atol=atol)
    np.testing.assert_allclose(again.mean, alone.mean, atol=atol)
    np.testing.assert_allclose(
        Hierarchical().held_out(data.rows(copies)), Hierarchical().held_out(data)[copies], atol=atol
    )
    others = sample(replace(data.rows(copies), cluster=np.arange(len(copies))))
    assert np.abs(others.draws - alone.draws).max() > 1e3 * atol


def test_who_stands_for_many_tells_no_more_than_one(data: ScoredEpisodes) -> None:
    """A tenth, by lot, was seen once in twenty times and stands for as many: Kish's design effect, written out.

    Even weights, whatever their size, have none.
    """
    heavy = np.random.default_rng(3).random(600) < 0.1
    everyone = replace(data, outcome=np.where(np.isnan(data.outcome), 0.0, data.outcome))
    chance = np.where(heavy, 0.05, 0.5)
    columns = np.arange(2 * (1 + data.basis.terms))

    def alike(chances: FloatArray) -> float:
        return sufficient(replace(everyone, observation=np.repeat(chances[:, None], 3, axis=1))).alike(columns)

    assert alike(np.full(600, 0.3)) == 1.0
    assert alike(chance) == pytest.approx(600 * np.sum(1 / chance**2) / np.sum(1 / chance) ** 2, rel=0.1)


def test_leaving_a_fold_out_is_fitting_on_the_others(data: ScoredEpisodes) -> None:
    """Held-out deviations equal the slopes of a fit on the other folds alone, to 1e-8, unobserved outcomes and all."""
    found = Hierarchical().held_out(data)
    for fold in range(5):
        test = data.fold == fold
        others = data.rows(~test)
        slopes = Hierarchical().posterior(sufficient(others), others, HELD_OUT).mean[:, 1:]
        np.testing.assert_allclose(found[test], data.features[test] @ slopes.T, atol=1e-8)
    np.testing.assert_array_equal(Hierarchical().held_out_from(sufficient_by_fold(data), data), found)


@pytest.mark.parametrize("kinds", [(0,), (0, 1), (0, 1, 2)])
def test_a_plainer_model_knows_nothing_of_other_terms(data: ScoredEpisodes, kinds: tuple[int, ...]) -> None:
    """Terms of other kinds have slope zero in every draw, and what they hold of the records changes nothing."""
    model = Hierarchical("plain", kinds)
    other = ~np.isin(data.basis.kind, kinds)
    found = model.posterior(sufficient(data), data)
    assert not found.draws[:, :, 1:][:, :, other].any()
    assert found.mean[1:, 1:][:, ~other].all()
    scrambled = replace(data)
    scrambled.__dict__["features"] = np.where(other, data.features[::-1], data.features)
    np.testing.assert_allclose(model.fit(scrambled), found.mean, atol=1e-10)


def test_the_cross_products_are_those_of_robinsons_regression(data: ScoredEpisodes) -> None:
    """They equal those of the design written out episode by episode, over contrasts of the arms."""
    size, contrasts = 2 * (1 + data.basis.terms), arm_contrasts(3)
    gram, moment = np.zeros((size, size)), np.zeros(size)
    for i in np.flatnonzero(~np.isnan(data.outcome)):
        arm = data.arm[i]
        given = np.array([float(k == arm) - data.propensity[i, k] for k in range(3)])
        row = np.concatenate([given @ contrasts[:, c] * np.r_[1.0, data.features[i]] for c in range(2)])
        expected = sum(data.propensity[i, k] * data.expected[i, k] for k in range(3))
        weight = 1 / data.observation[i, arm]
        gram += weight * np.outer(row, row)
        moment += weight * row * (data.outcome[i] - expected)
    found = sufficient(data)
    np.testing.assert_allclose(found.gram, gram, atol=1e-9)
    np.testing.assert_allclose(found.moment, moment, atol=1e-9)


@pytest.mark.parametrize("arms", [2, 3, 7])
def test_contrasts_lose_nothing_but_the_common_shift(arms: int) -> None:
    """They are orthonormal and sum to zero, so that they and the mean span all arms."""
    contrasts = arm_contrasts(arms)
    np.testing.assert_allclose(contrasts.T @ contrasts, np.eye(arms - 1), atol=1e-12)
    np.testing.assert_allclose(contrasts.sum(axis=0), 0.0, atol=1e-12)


def test_swapping_two_arms_swaps_the_rows(data: ScoredEpisodes) -> None:
    """Arms 1 and 2 swapped: effects of all patients swap within a quarter of their pointwise standard error, the
    Monte Carlo error of 150 draws: the sampler deals its random numbers to arms in their order.
    """
    swap = [0, 2, 1]
    by_arm = {name: getattr(data, name)[:, swap] for name in ("scores", "expected", "propensity", "observation")}
    other = replace(data, arm=np.asarray(swap)[data.arm], **by_arm)
    here, there = sample(data), sample(other)
    terms = np.hstack([np.ones((600, 1)), data.features])
    gap = np.abs(terms @ there.mean.T - terms @ here.mean[swap].T)
    error = np.einsum("rka,na->rnk", here.draws[:, swap], terms).std(axis=0)
    assert (gap[:, 1:] < 0.25 * error[:, 1:] + 0.01).all()
    assert not there.mean[0].any()


@pytest.mark.parametrize("shift", [-1000.0, 3.5])
def test_shifting_outcomes_changes_nothing(data: ScoredEpisodes, shift: float) -> None:
    """A constant added to outcomes, and so to what is expected, moves no coefficient by more than 1e-8."""
    other = replace(data, outcome=data.outcome + shift, expected=data.expected + shift)
    np.testing.assert_allclose(Hierarchical().fit(other), Hierarchical().fit(data), atol=1e-8)


@pytest.mark.parametrize("factor", [0.01, 10.0])
def test_scaling_outcomes_scales(data: ScoredEpisodes, factor: float) -> None:
    """Outcomes in other units have coefficients and draws in those units, to 1e-8 relative."""
    other = replace(data, outcome=factor * data.outcome, expected=factor * data.expected)
    here, there = sample(data), sample(other)
    np.testing.assert_allclose(there.mean, factor * here.mean, rtol=1e-8, atol=1e-8 * factor)
    np.testing.assert_allclose(there.draws, factor * here.draws, rtol=1e-8, atol=1e-8 * factor)


@pytest.mark.parametrize("factor", [0.1, 5.0])
def test_only_relative_weights_count(data: ScoredEpisodes, factor: float) -> None:
    """Probabilities of being observed that are all multiplied leave everything as it was, to 1e-8."""
    other = replace(data, observation=factor * data.observation)
    np.testing.assert_allclose(Hierarchical().fit(other), Hierarchical().fit(data), atol=1e-8)


def test_unobserved_outcomes_are_ignored(data: ScoredEpisodes) -> None:
    """Whatever is said of episodes whose outcome was not observed, and whether they are there, changes nothing."""
    lost = np.isnan(data.outcome)
    assert lost.sum() > 50
    other = replace(data, expected=np.where(lost[:, None], 1e6, data.expected), arm=np.where(lost, 0, data.arm))
    np.testing.assert_array_equal(Hierarchical().fit(other), Hierarchical().fit(data))
    np.testing.assert_allclose(Hierarchical().fit(data.rows(~lost)), Hierarchical().fit(data), atol=1e-8)


def test_residuals_by_hand(data: ScoredEpisodes) -> None:
    """Residual outcomes and treatments of three episodes equal what the formula says."""
    rows = np.flatnonzero(~np.isnan(data.outcome))[:3]
    treatment, outcome = residuals(data, rows)
    for at, i in enumerate(rows):
        root = np.sqrt(1 / data.observation[i, data.arm[i]])
        expected = root * (data.outcome[i] - data.propensity[i] @ data.expected[i])
        assert outcome[at] == pytest.approx(expected, rel=1e-12)
        given = np.eye(3)[data.arm[i]] - data.propensity[i]
        np.testing.assert_allclose(treatment[at], root * given, rtol=1e-12)


def test_true_effects_are_learned(draw_scores: Draw) -> None:
    """20,000 episodes: posterior means of every slope are within 4 posterior deviations and 0.05 of the truth."""
    data = draw_scores(20_000, 3, SLOPES, effects=[0, 1, 2])
    found = sample(data)
    true = np.column_stack([[0, 1, 2], SLOPES])
    assert (np.abs(found.mean - true) <= 4 * found.draws.std(axis=0) + 1e-12).all()
    np.testing.assert_allclose(found.mean, true, atol=0.1)
    np.testing.assert_allclose(found.mean[:, 1:], true[:, 1:], atol=0.05)
