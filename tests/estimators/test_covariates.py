"""Covariates for learners: gaps where the records have them, flags for arms, columns in an order of their own."""

from __future__ import annotations

import numpy as np

from estimators.arm_flags import flagged, under_each_arm
from estimators.column_order import by_content, by_outcome
from estimators.covariates import complete, with_gaps
from estimators.design import learn_encoding


def test_gaps_are_where_numbers_are_missing() -> None:
    """Missing numbers are NaN in their own column alone; categories, flags and what is filled stay as encoded."""
    rng = np.random.default_rng(1)
    age, site = rng.normal(50, 10, size=60), rng.choice(np.array(["a", "b"], dtype=object), size=60)
    age[:15], score = np.nan, rng.normal(size=60)
    columns = {"site": site, "age": age, "score": score}
    encoding = learn_encoding(columns, ["site", "age", "score"])
    filled = encoding.encode(columns)
    found = with_gaps(encoding, columns, filled)
    at = encoding.columns.index("age")
    np.testing.assert_array_equal(np.isnan(found.gaps[:, at]), np.isnan(age))
    others = [i for i in range(filled.shape[1]) if i != at]
    np.testing.assert_array_equal(found.gaps[:, others], filled[:, others])
    np.testing.assert_array_equal(found.filled, filled)
    assert not np.isnan(filled).any()


def test_nothing_missing_takes_no_memory() -> None:
    """Without gaps both forms are the same array, whichever rows are taken."""
    found = complete(np.random.default_rng(2).normal(size=(40, 3)))
    assert found.gaps is found.filled
    some = found.rows(np.arange(40) < 10)
    assert some.gaps is some.filled
    assert some.filled.shape == (10, 3)


def test_each_arm_is_set_in_turn() -> None:
    """The predictor is shown the covariates with one arm's flag, and its column is that arm's."""
    x = np.random.default_rng(3).normal(size=(7, 2))
    np.testing.assert_array_equal(
        flagged(x, np.array([0, 1, 2, 0, 1, 2, 0]), 3)[:, 2:], np.eye(3)[[0, 1, 2, 0, 1, 2, 0]]
    )
    found = under_each_arm(x, 3, lambda design, arm: design @ np.array([1.0, 0, 10, 20, 30]) + 100 * arm)
    np.testing.assert_allclose(found, x[:, :1] + np.array([10.0, 120.0, 230.0]))


def test_content_decides_the_order_of_columns() -> None:
    """Whatever order columns come in, the ordered columns are the same."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(80, 5))
    x[:9, 2] = np.nan
    turn = np.array([3, 1, 4, 0, 2])
    np.testing.assert_array_equal(x[:, by_outcome(x, x[:, 0])], x[:, turn][:, by_outcome(x[:, turn], x[:, 0])])
    np.testing.assert_array_equal(x[:, by_content(x)], x[:, turn][:, by_content(x[:, turn])])
