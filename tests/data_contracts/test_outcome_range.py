"""Outcome ranges as data: tails between cells, the patient's own weight, and silence where the records are too few."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.outcome_range import OutcomeRanges


def cells_of(residuals: np.ndarray, count: int, weight: float = 4.0) -> np.ndarray:
    """(count, 2) cells of equally weighted residuals."""
    parts = np.array_split(np.sort(residuals), count)
    return np.array([(weight * len(part), part.mean()) for part in parts])


def ranges(*arms: np.ndarray) -> OutcomeRanges:
    """Ranges of arms with these cells; every patient's expected absolute residual is 1."""
    cells = np.zeros((len(arms), max(len(arm) for arm in arms), 2))
    for k, arm in enumerate(arms):
        cells[k, : len(arm)] = arm
    return OutcomeRanges(spread=np.array([0.0, 0.0]), cells=cells)


def width(found: OutcomeRanges, propensity: float = 0.25, spread: float = 0.0) -> tuple[float, float]:
    """Ends for one patient whose expected outcome is 0."""
    lower, upper = found.of(np.zeros((1, 1)), np.array([[spread]]), np.array([[propensity]]), 0.9)
    return float(lower[0, 0]), float(upper[0, 0])


@pytest.mark.parametrize("count", [40, 100])
def test_ends_are_the_quantiles(count: int) -> None:
    """From 100,000 exponential residuals in cells: ends within 0.02 of the 5 % and 95 % quantiles, though skewed."""
    levels = (np.arange(100_000) + 0.5) / 100_000
    lower, upper = width(ranges(cells_of(-np.log1p(-levels), count)))
    assert lower == pytest.approx(-np.log(0.95), abs=0.02)
    assert upper == pytest.approx(-np.log(0.05), abs=0.02)


def test_the_tail_goes_on_beyond_the_last_cell() -> None:
    """Three cells of 40 exponential residuals: their outermost mean is the 88 % quantile, the end told the 95 %, less
    0.5 and 3 residuals' worth of caution for the patient's own weight (a level between 0.95 and 0.98).
    """
    levels = (np.arange(40) + 0.5) / 40
    found = ranges(cells_of(-np.log1p(-levels), 3, weight=4.0))
    assert -np.log(0.05) < width(found)[1] < -np.log(0.015)


def test_a_patient_who_hardly_ever_got_the_arm_has_a_wider_range() -> None:
    """The smaller the propensity, the more the patient's own weight counts; beyond a tail there is no range."""
    found = ranges(cells_of(np.random.default_rng(1).normal(size=200), 18))
    likely, unlikely = width(found, 0.5), width(found, 0.05)
    assert unlikely[0] < likely[0] < likely[1] < unlikely[1]
    assert np.isnan(width(found, 0.01)).all()


def test_the_range_grows_with_the_expected_residual() -> None:
    """Ends lie in units of the patient's expected residual, which is at most e² times the average one."""
    normal = cells_of(np.random.default_rng(2).normal(size=500), 40)
    found = OutcomeRanges(spread=np.array([0.0, 0.5]), cells=normal[None])
    at = [width(found, spread=z)[1] for z in (0.0, 1.0, 100.0)]
    assert at[1] == pytest.approx(np.exp(0.5) * at[0])
    assert at[2] == pytest.approx(np.exp(2.0) * at[0])


def test_an_arm_without_cells_has_no_range() -> None:
    """Its ends are NaN, the other arm's are told."""
    found = ranges(np.zeros((0, 2)), cells_of(np.random.default_rng(3).normal(size=500), 40))
    lower, upper = found.of(np.zeros(2), np.zeros(1), np.full(2, 0.5), 0.9)
    assert np.isnan([lower[0], upper[0]]).all()
    assert lower[1] < 0 < upper[1]


def test_one_patient_as_many() -> None:
    """A patient's ends are the same to the last bit alone and among a thousand."""
    rng = np.random.default_rng(4)
    cells = np.stack([cells_of(rng.normal(size=300), 27) for _ in range(3)])
    found = OutcomeRanges(spread=np.concatenate([[0.7], rng.normal(size=7) / 10]), cells=cells)
    expected, covariates = rng.normal(size=(1000, 3)), rng.normal(size=(1000, 7))
    propensity = rng.dirichlet(np.ones(3), size=1000)
    many = found.of(expected, covariates, propensity, 0.9)
    for i in range(0, 1000, 37):
        one = found.of(expected[i], covariates[i], propensity[i], 0.9)
        np.testing.assert_array_equal(np.stack(one), np.stack(many)[:, i])
