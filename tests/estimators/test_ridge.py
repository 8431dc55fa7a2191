"""Ridge regressions from sums alone are those from the rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from estimators.ridge import PENALTIES, moments, ridge_slopes


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """300 rows, two arms, four columns of which one matters."""
    rng = np.random.default_rng(1)
    x, arm = rng.normal(size=(300, 4)), rng.integers(2, size=300)
    return x, arm, x[:, 0] + arm + rng.normal(size=300)


def test_slopes_are_those_of_a_ridge_regression(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one penalty to choose from, an arm's slopes from its moments equal scikit-learn's from its rows to 1e-9."""
    x, arm, y = rows
    monkeypatch.setattr("estimators.ridge.PENALTIES", np.array([3.0]))
    found = moments(lambda part: part, x, arm, y, 2)
    slopes = ridge_slopes(found.gram[1], found.cross[1], float(found.square[1]), float(found.count[1]), 1)
    np.testing.assert_allclose(slopes, Ridge(alpha=3.0).fit(x[arm == 1], y[arm == 1]).coef_, atol=1e-9)


def test_the_penalty_is_the_one_that_cross_validation_prefers(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The criterion computed from the rows, with every penalty in turn, is smallest at the slopes that were chosen."""
    x, arm, y = rows
    own, target = x[arm == 0] - x[arm == 0].mean(axis=0), y[arm == 0] - y[arm == 0].mean()
    criterion, slopes = [], []
    for penalty in PENALTIES:
        hat = own @ np.linalg.solve(own.T @ own + penalty * np.eye(4), own.T)
        left = target - hat @ target
        criterion.append((left @ left) / (1 - 1.4 * (np.trace(hat) + 1) / len(own)) ** 2)
        slopes.append(np.linalg.solve(own.T @ own + penalty * np.eye(4), own.T @ target))
    found = moments(lambda part: part, x, arm, y, 2)
    chosen = ridge_slopes(found.gram[0], found.cross[0], float(found.square[0]), float(found.count[0]), 1)
    np.testing.assert_allclose(chosen, slopes[int(np.argmin(criterion))], atol=1e-9)


def test_chunks_change_nothing(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums over chunks of seven rows are the sums over all to 1e-9."""
    x, arm, y = rows
    whole = moments(lambda part: part, x, arm, y, 2)
    monkeypatch.setattr("estimators.ridge.CHUNK", 7)
    parts = moments(lambda part: part, x, arm, y, 2)
    np.testing.assert_allclose(parts.gram, whole.gram, atol=1e-9)
    np.testing.assert_allclose(parts.cross, whole.cross, atol=1e-9)


def test_what_slopes_leave(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Moments less what slopes explain are the moments of the outcomes less those slopes' predictions, to 1e-9."""
    x, arm, y = rows
    slopes = np.array([[1.0, 0.5, 0.0, -1.0], [0.0, 2.0, 0.3, 0.0]])
    left = moments(lambda part: part, x, arm, y, 2).less(slopes, np.array([1, 3]))
    again = moments(lambda part: part[:, [1, 3]], x, arm, y - (x * slopes[arm]).sum(axis=1), 2)
    np.testing.assert_allclose(left.cross, again.cross, atol=1e-9)
    np.testing.assert_allclose(left.square, again.square, atol=1e-9)
    np.testing.assert_allclose(left.gram, again.gram, atol=1e-9)
