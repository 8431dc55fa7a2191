"""The prognostic index finds how patients fare, whatever the arm, the scale's curve and its extremes."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.basis_design import smooth_basis
from estimators.covariates import complete
from estimators.outcome_models import OUTCOME_MODELS
from estimators.prognostic_index import CENTRES, WIDTH, prognostic_index, with_index

N = 2000
TRUE = np.array([0.8, 0.6, 0.0, 0.0])


def drawn(seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates, three arms and (n,) outcomes that rise with the exponential of one direction."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, len(TRUE)))
    arm = rng.integers(3, size=N)
    return x, arm, arm + np.exp(1.5 * x @ TRUE) + noise * rng.normal(size=N)


def likeness(index: np.ndarray | None, x: np.ndarray) -> float:
    """Correlation of an index with the true direction."""
    assert index is not None
    return float(np.corrcoef(x @ index, x @ TRUE)[0, 1])


def test_the_direction_is_found_through_a_curve() -> None:
    """Outcomes that grow as an exponential, with a skewness above 10, give the direction to a correlation of 0.99."""
    x, arm, outcome = drawn(1)
    found = prognostic_index(x, arm, outcome)
    assert likeness(found, x) > 0.99
    assert found is not None
    assert np.std(x @ found) == pytest.approx(1.0)


@pytest.mark.parametrize("change", [lambda y: 3 * y + 7, np.exp, lambda y: np.sign(y) * np.abs(y) ** 3])
def test_a_rising_change_of_scale_changes_nothing(change: object) -> None:
    """Other units, or any scale that only rises with the first, give the same index to 1e-9."""
    x, arm, outcome = drawn(2)
    assert callable(change)
    small = outcome / np.abs(outcome).max()
    np.testing.assert_allclose(prognostic_index(x, arm, change(small)), prognostic_index(x, arm, small), atol=1e-9)


def test_arms_differ_and_the_index_does_not_see_it() -> None:
    """Shifting one arm's outcomes or renaming arms changes nothing to 1e-9; the lost count for nothing."""
    x, arm, outcome = drawn(3)
    plain = prognostic_index(x, arm, outcome)
    np.testing.assert_allclose(prognostic_index(x, arm, outcome + 50 * (arm == 1)), plain, atol=1e-9)
    np.testing.assert_allclose(prognostic_index(x, 2 - arm, outcome), plain, atol=1e-9)
    lost = np.where(np.arange(N) % 4 == 0, np.nan, outcome)
    seen = ~np.isnan(lost)
    with_rows, without = prognostic_index(x, arm, lost), prognostic_index(x[seen], arm[seen], outcome[seen])
    assert with_rows is not None
    assert without is not None
    np.testing.assert_allclose(with_rows / np.linalg.norm(with_rows), without / np.linalg.norm(without), atol=1e-9)


def test_there_may_be_none() -> None:
    """One column is its own index, and an outcome that is the same for all has none."""
    x, arm, outcome = drawn(4)
    assert prognostic_index(x[:, :1], arm, outcome) is None
    assert prognostic_index(x, arm, np.zeros(N)) is None


def test_the_bumps_of_the_index_join_those_of_the_columns() -> None:
    """They follow the columns' bumps, are standard, and equal the formula; the other terms stay as they were."""
    x, arm, outcome = drawn(5)
    index = prognostic_index(x, arm, outcome)
    assert index is not None
    plain, basis = smooth_basis(x), with_index(smooth_basis(x), x, index)
    terms, before = basis.expand(x), plain.expand(x)
    first = plain.columns + len(plain.bump_column)
    made_from_index = np.asarray(basis.bump_column) == basis.columns
    added, centres = slice(first, first + int(made_from_index.sum())), np.asarray(basis.bump_centre)[made_from_index]
    assert {-3.0, -1.5, 0.0, 1.5, 3.0} <= set(centres) <= set(CENTRES)
    bumps = np.exp(-0.5 * (((x @ index)[:, None] - centres) / WIDTH) ** 2)
    np.testing.assert_allclose(terms[:, added], (bumps - bumps.mean(axis=0)) / bumps.std(axis=0), atol=1e-9)
    np.testing.assert_array_equal(np.delete(terms, np.r_[added], axis=1), before)


def test_outcomes_along_a_curve_are_expected() -> None:
    """On new patients the staged ridge leaves less than a third of what a linear regression by arm leaves."""
    x, arm, outcome = drawn(6)
    new, got, then = drawn(7)

    def error(name: str) -> float:
        model = OUTCOME_MODELS[name](complete(x), arm, 3).fit(outcome)
        told = model.predict(complete(new))[np.arange(N), got]
        near = np.abs(new @ TRUE) < 2
        return float(np.mean((told - then)[near] ** 2))

    assert error("staged ridge") < error("ridge by arm") / 3
