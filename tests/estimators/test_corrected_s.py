"""The ridge regression that corrects the S-learner: the penalty the folds choose, and what it then finds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from estimators.candidates.corrected_s import PENALTIES, ridge_by_folds

N = 240
FOLD = np.arange(N) % 4


@pytest.mark.parametrize("strength", [0.0, 0.2, 3.0])
def test_the_penalty_is_the_one_with_the_least_held_out_error(strength: float) -> None:
    """With weights, coefficients equal those of scikit-learn's Ridge at the penalty whose weighted held-out error,
    found by fitting every fold and penalty anew, is smallest; to 1e-8.
    """
    rng = np.random.default_rng(1)
    terms, weight = 1 + rng.normal(size=(N, 5)), rng.uniform(0.2, 2, N)
    target = strength * terms[:, 0] + 2 + rng.normal(size=N)
    errors = []
    for penalty in PENALTIES:
        error = 0.0
        for k in range(4):
            train, test = k != FOLD, k == FOLD
            model = Ridge(alpha=penalty * weight[train].sum()).fit(terms[train], target[train], weight[train])
            error += float(weight[test] @ (target[test] - model.predict(terms[test])) ** 2)
        errors.append(error)
    best = Ridge(alpha=PENALTIES[int(np.argmin(errors))] * weight.sum()).fit(terms, target, weight)
    expected = np.r_[best.intercept_, best.coef_]
    np.testing.assert_allclose(ridge_by_folds(terms, target, weight, FOLD), expected, atol=1e-8)


def test_noise_is_shrunk_away_and_signal_is_not() -> None:
    """In 20 draws of pure noise slopes have on average at most half the squared size of least squares'; slopes of 3
    stay within 0.3.
    """
    ours, theirs = 0.0, 0.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        terms, noise = rng.normal(size=(N, 5)), rng.normal(size=N)
        ours += float((ridge_by_folds(terms, noise, np.ones(N), FOLD)[1:] ** 2).sum())
        theirs += float((np.linalg.lstsq(terms, noise, rcond=None)[0] ** 2).sum())
        assert ridge_by_folds(terms, 3 * terms[:, 1] + noise, np.ones(N), FOLD)[2] == pytest.approx(3, abs=0.3)
    assert ours < 0.5 * theirs
