"""Outcome ranges hold the outcomes of those who did not get the arm as well, and show no patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.patient_count import MINIMUM_CELL
from estimators.basis_design import linear_basis
from estimators.conformal import CELLS, held_out_residuals, outcome_ranges

Draw = Callable[..., ScoredEpisodes]
ARMS = 3


def nature(x: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """(n, 3) probabilities that lean on x, and outcomes under each arm whose noise is skewed and grows with x."""
    odds = np.exp(x @ np.array([[0.0, 0.9, -0.7], [0.0, -0.3, 0.8]]))
    skewed = rng.gamma(4, 0.5, size=(len(x), ARMS)) - 2
    outcome = x[:, :1] + np.arange(ARMS) + np.exp(0.35 * x[:, :1]) * skewed
    return odds / odds.sum(axis=1, keepdims=True), outcome


def study(n: int, seed: int, lost: float = 0.0) -> ScoredEpisodes:
    """Episodes of that nature with known nuisances; a share of the outcomes is lost, more among the severe."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    chances, under = nature(x, rng)
    arm = (rng.random(n)[:, None] > chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
    seen = 1 - lost * (1 + np.sign(x[:, 0]))
    outcome = np.where(rng.random(n) < seen, under[np.arange(n), arm], np.nan)
    return ScoredEpisodes(
        scores=np.zeros((n, ARMS)),
        modifiers=x,
        arm=arm,
        outcome=outcome,
        expected=np.zeros((n, ARMS)),
        propensity=chances,
        observation=np.repeat(seen[:, None], ARMS, axis=1),
        fold=np.arange(n) % 5,
        cluster=np.arange(n),
        basis=linear_basis(2),
    )


def every(data: ScoredEpisodes) -> BoolArray:
    """Everyone is supported for every arm."""
    return np.ones_like(data.scores, dtype=bool)


def held(found: OutcomeRanges, seed: int) -> tuple[FloatArray, FloatArray]:
    """(3,) coverage of the outcomes of 20,000 fresh patients under each arm that is supported for them, and (3, 5) in
    each fifth of its propensity.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20_000, 2))
    chances, under = nature(x, rng)
    lower, upper = found.of(x[:, :1] + np.arange(ARMS), x, chances, 0.9)
    inside = (under >= lower) & (under <= upper)
    supported = [np.flatnonzero(chance >= 0.025) for chance in chances.T]
    fifths = [np.array_split(rows[np.argsort(chances[rows, k])], 5) for k, rows in enumerate(supported)]
    by_fifth = np.array([[inside[rows, k].mean() for rows in fifths[k]] for k in range(ARMS)])
    return by_fifth.mean(axis=1), by_fifth


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_ranges_hold_the_outcomes_of_everybody(lost: float) -> None:
    """Skewed, uneven noise, strong confounding, n = 1,500, 20 draws: mean coverage of every arm's outcome among all
    patients is 0.88 to 0.92, and at least 0.85 in each fifth of its propensity. (One
    draw's coverage of an arm has an SD of 0.015 to 0.02, so that the mean of 20 has an error of at most 0.005.)
    """
    judged = []
    for seed in range(20):
        data = study(1500, seed, lost)
        effects = np.repeat(np.arange(ARMS, dtype=float)[None], 1500, axis=0)
        judged.append(held(outcome_ranges(data.features, data, effects, every(data)), 100 + seed))
    overall = np.mean([found for found, _ in judged], axis=0)
    assert ((overall > 0.88) & (overall < 0.92)).all(), overall
    assert np.mean([found for _, found in judged], axis=0).min() > 0.85


def test_without_weights_it_would_fail() -> None:
    """With every probability taken as the same, an arm's mean coverage over 20 draws leaves 0.88 to 0.92: the weights
    do the work.
    """
    judged = []
    for seed in range(20):
        data = study(1500, seed)
        flat = replace(data, propensity=np.full((1500, ARMS), 1 / ARMS))
        x = np.ones((1500, 1))  # no model of the spread either
        effects = data.features[:, :1] + np.arange(ARMS)
        found = outcome_ranges(x * 0, flat, effects, every(data))
        judged.append(held(OutcomeRanges(np.append(found.spread, 0.0), found.cells), 100 + seed)[0])
    overall = np.mean(judged, axis=0)
    assert overall.min() < 0.88 or overall.max() > 0.92


def test_residuals_are_held_out(draw_scores: Draw) -> None:
    """With 100 columns of noise for 300 rows residuals are no smaller than the noise (5 %)."""
    data = draw_scores(300, 5, [[0.0], [0.0]])
    columns = np.random.default_rng(6).normal(size=(300, 100))
    residual = held_out_residuals(columns, data, np.zeros((300, 2)))
    assert np.sqrt(np.mean(residual**2)) > 0.95 * data.outcome.std()


@pytest.mark.parametrize("n", [150, 300, 9000])
def test_no_cell_is_of_fewer_than_eleven(n: int) -> None:
    """Cells of each arm hold at least 11 residuals, told by weights of 1 each; there are at most 80."""
    data = study(n, 1)
    flat = replace(data, propensity=np.ones((n, ARMS)), observation=np.ones((n, ARMS)))
    cells = outcome_ranges(data.features, flat, np.zeros((n, ARMS)), every(data)).cells
    assert cells.shape[1] <= CELLS
    used = cells[..., 0][cells[..., 0] > 0]
    assert used.min() >= MINIMUM_CELL
    np.testing.assert_allclose(cells[..., 0].sum(axis=1) % 1, 0, atol=1e-9)


def test_unsupported_patients_count_for_nothing() -> None:
    """One who got an arm that such patients hardly ever get would have a huge weight: the ranges leave him out."""
    data = study(600, 2)
    rows = np.flatnonzero(data.arm == 1)[:5]
    can = every(data)
    can[rows, 1] = False
    wild = data.outcome.copy()
    wild[rows] += 1000
    changed = outcome_ranges(data.features[:, :1] * 0, replace(data, outcome=wild), _none(600), can)
    assert changed.cells[1, :, 1].max() < 10


def test_too_few_residuals_give_no_range() -> None:
    """An arm with fewer than 33 residuals of supported patients has no cells."""
    data = study(600, 3)
    few = data.outcome.copy()
    few[np.flatnonzero(data.arm == 2)[32:]] = np.nan
    cells = outcome_ranges(data.features, replace(data, outcome=few), _none(600), every(data)).cells
    assert not cells[2].any()
    assert (cells[:2, 0, 0] > 0).all()


def _none(n: int) -> FloatArray:
    return np.zeros((n, ARMS))
