"""The multinomial regression is scikit-learn's, whole and without each fold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from estimators import multinomial
from estimators.multinomial import fit_multinomial, fit_without_folds


def drawn(arms: int, n: int, q: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of a softmax."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, q))
    slopes = rng.normal(size=(q, arms))
    return x, (x @ slopes + rng.gumbel(size=(n, arms))).argmax(axis=1)


def reference(x: np.ndarray, label: np.ndarray) -> np.ndarray:
    """scikit-learn's log-odds of each label against the first, with its default penalty."""
    model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=500).fit(x, label)
    found = np.column_stack([model.intercept_, model.coef_])
    return found if len(found) == 1 else found[1:] - found[0]


@pytest.mark.parametrize(("arms", "n", "q"), [(2, 200, 3), (3, 300, 5), (5, 600, 8), (4, 60, 20)])
def test_it_is_scikit_learns(arms: int, n: int, q: int) -> None:
    """Fits to all rows and of those outside each of four folds equal scikit-learn's to 1e-6; they add to 0."""
    x, label = drawn(arms, n, q, 1)
    fold = np.arange(n) % 4
    whole, outside = fit_without_folds(x, label, fold)
    np.testing.assert_allclose(whole[1:] - whole[0], reference(x, label), atol=1e-6)
    np.testing.assert_allclose(whole, fit_multinomial(x, label), atol=1e-8)
    np.testing.assert_allclose(whole.sum(axis=0), 0, atol=1e-12)
    for k, found in outside.items():
        np.testing.assert_allclose(found[1:] - found[0], reference(x[fold != k], label[fold != k]), atol=1e-6)


def test_a_fit_sees_nothing_of_its_fold() -> None:
    """Other features and labels in a fold leave the fit without it as it was, to 1e-7."""
    x, label = drawn(3, 400, 4, 2)
    fold = np.arange(400) % 4
    other = np.where(fold == 2, (label + 1) % 3, label)
    moved = np.where((fold == 2)[:, None], -x, x)
    np.testing.assert_allclose(
        fit_without_folds(moved, other, fold)[1][2], fit_without_folds(x, label, fold)[1][2], atol=1e-7
    )


def test_many_rows_start_from_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from a fourth of the rows, and summed in chunks, the fit is the same to 1e-8."""
    x, label = drawn(4, 900, 5, 3)
    plain = fit_multinomial(x, label)
    monkeypatch.setattr(multinomial, "FEWEST", 200)
    monkeypatch.setattr(multinomial, "CHUNK", 130)
    np.testing.assert_allclose(fit_multinomial(x, label), plain, atol=1e-8)


def test_separated_labels_have_finite_coefficients() -> None:
    """Where a feature tells the label for certain the penalty keeps the fit finite, and right."""
    x = np.linspace(-2, 2, 81)[:, None]
    label = (x[:, 0] > 0).astype(int)
    found = fit_multinomial(x, label)
    assert np.isfinite(found).all()
    assert (((found[1] - found[0]) @ np.vstack([np.ones(81), x[:, 0]]) > 0)[label == 1]).all()
