"""Waves: enough of them say what a few columns do together, and which are kept hangs on what is taught alone."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.basis import FASTEST, HOLD
from estimators.basis_design import linear_basis, smooth_basis
from estimators.distil import SMOOTH, distil
from estimators.waves import COLUMNS, KEPT, draw_waves, with_waves

LENGTHS = np.array([[1.0, 1.0, *[30.0] * 16], [1.5, 1.5, *[30.0] * 16]])


@pytest.fixture(scope="module")
def taught() -> tuple[np.ndarray, np.ndarray]:
    """18 columns, too many for products of pairs, and effects of two arms that are a saddle of two of them."""
    x = np.random.default_rng(1).normal(size=(900, 18))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    saddle = np.tanh(x[:, 0]) * x[:, 1]
    return x, np.column_stack([np.zeros(900), 2 * saddle, 1 - saddle])


def missed(basis, x: np.ndarray, effects: np.ndarray) -> float:
    """Share of the effects' variance on half of the rows that is missed by their projection learned on the other."""
    learn, judge = np.arange(900) % 2 == 0, np.arange(900) % 2 == 1
    found = distil(effects[learn], basis.expand(x[learn]), SMOOTH)
    said = found[:, 0] + basis.expand(x[judge]) @ found[:, 1:].T
    return float(((said - effects[judge]) ** 2).sum() / ((effects - effects.mean(axis=0))[judge] ** 2).sum())


def test_waves_say_what_columns_do_together(taught: tuple[np.ndarray, np.ndarray]) -> None:
    """On rows not learned from, of a saddle the additive basis misses nearly all, with waves a tenth at most."""
    x, effects = taught
    plain = smooth_basis(x)
    basis = with_waves(plain, x, effects, LENGTHS)
    assert len(basis.wave_phase) == KEPT
    assert missed(plain, x, effects) > 0.9
    assert missed(basis, x, effects) < 0.1


def test_terms_with_waves_are_standard(taught: tuple[np.ndarray, np.ndarray]) -> None:
    """Over the rows every term has mean 0 and standard deviation 1, to 1e-12; the other terms are what they were."""
    x, effects = taught
    basis = with_waves(smooth_basis(x), x, effects, LENGTHS)
    terms = basis.expand(x)
    np.testing.assert_allclose(terms.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(terms.std(axis=0), 1, atol=1e-12)
    assert basis.plain == smooth_basis(x)


def test_waves_are_over_the_columns_that_matter() -> None:
    """The columns with the shortest length-scale in any process, at most eight; none is faster than the fastest."""
    drawn = draw_waves(np.vstack([LENGTHS, np.r_[np.full(16, 20.0), 1e-6, 40.0]]))
    assert drawn.columns.tolist()[:3] == [16, 0, 1]
    assert len(drawn.columns) == COLUMNS
    assert np.abs(drawn.weights).max() == FASTEST


def test_columns_in_another_order_give_the_same_waves(taught: tuple[np.ndarray, np.ndarray]) -> None:
    """Told in turned order, the same waves of the same columns are kept: they say the same effects, to 1e-9."""
    x, effects = taught
    lengths = LENGTHS + np.arange(18)  # no two alike
    said = []
    for order in (np.arange(18), np.arange(18)[::-1]):
        basis = with_waves(linear_basis(18), x[:, order], effects, lengths[:, order])
        found = distil(effects, basis.expand(x[:, order]), SMOOTH)
        said.append(found[:, 0] + basis.expand(x[:, order]) @ found[:, 1:].T)
    np.testing.assert_allclose(said[0], said[1], atol=1e-9)


def test_an_extreme_patient_is_held(taught: tuple[np.ndarray, np.ndarray]) -> None:
    """Beyond ±2.5 in a column no wave changes any more."""
    x, effects = taught
    basis = with_waves(linear_basis(18), x, effects, LENGTHS)
    rows = np.tile(x[:1], (3, 1))
    rows[:, basis.wave_columns[0]] = [HOLD, 4.0, 100.0]
    waves = basis.expand(rows)[:, 18:]
    np.testing.assert_array_equal(waves[0], waves[1])
    np.testing.assert_array_equal(waves[0], waves[2])
