"""Boosted trees of parts of the same rows: LightGBM's own, blind to the other rows' targets, whatever the columns."""

from __future__ import annotations

import lightgbm
import numpy as np

from estimators.boosted import REPEATABLE, Boosting
from estimators.column_order import by_content
from estimators.outcome_models import BOOSTED

N = 300


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features with gaps, and targets that bend with them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 3))
    target = np.abs(x[:, 0]) + 0.3 * rng.normal(size=N)
    x[rng.random((N, 3)) < 0.1] = np.nan
    return x, target


def test_trees_of_all_rows_are_lightgbms() -> None:
    """Fitted to all rows they predict, to 1e-9, what LightGBM's regressor does on columns in the same order."""
    x, target = drawn(1)
    order = by_content(x)
    model = lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE).fit(x[:, order], target)
    ours = Boosting(x, BOOSTED).fit(target, objective="regression").predict(x)
    np.testing.assert_allclose(ours, model.booster_.predict(x[:, order]), atol=1e-9)


def test_targets_of_other_rows_are_not_seen() -> None:
    """Targets outside the part made NaN change no bit of a prediction, and a fit before it neither."""
    x, target = drawn(2)
    used = np.arange(N) % 3 != 0
    rows = Boosting(x, BOOSTED)
    first = rows.fit(target, used, objective="regression").predict(x)
    rows.fit(-target, objective="regression")
    again = rows.fit(np.where(used, target, np.nan), used, objective="regression").predict(x)
    np.testing.assert_array_equal(again, first)
    assert np.corrcoef(first[~used], target[~used])[0, 1] > 0.7


def test_nothing_to_split_on_leaves_the_mean() -> None:
    """Constant columns, or too few rows for any split, give every row the part's mean, to 1e-6."""
    for n, x in ((N, np.ones((N, 2))), (30, drawn(3)[0][:30])):
        target, used = drawn(4)[1][:n], np.arange(n) % 3 != 0
        found = Boosting(x, BOOSTED).fit(target, used, objective="regression").predict(x)
        np.testing.assert_allclose(found, target[used].mean(), atol=1e-6)
