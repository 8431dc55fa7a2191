"""Weights of learners: the best that are not negative and add to one, from the rows of the other folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.short_stack import least_squares_weights, likelihood_weights, mixture, stack

FOLD = np.arange(300) % 3


@given(st.integers(0, 500))
def test_no_other_weights_do_better(seed: int) -> None:
    """Of 200 random weights that are not negative and add to one, none leaves a smaller squared residual (1e-9)."""
    rng = np.random.default_rng(seed)
    residual = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + rng.normal(size=(50, 1))
    gram = residual.T @ residual
    found = least_squares_weights(gram)
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1)
    others = rng.dirichlet(np.full(4, 0.5), size=200)
    lowest = np.einsum("ij,jk,ik->i", others, gram, others).min()
    assert found @ gram @ found <= lowest * (1 + 1e-9)


def test_a_perfect_learner_takes_all() -> None:
    """A learner without residuals gets weight one."""
    residual = np.random.default_rng(1).normal(size=(50, 3)) * np.array([1.0, 0.0, 2.0])
    np.testing.assert_allclose(least_squares_weights(residual.T @ residual), [0, 1, 0], atol=1e-6)


def test_likelihood_weights_find_the_mixture() -> None:
    """Outcomes drawn from a 30:70 mixture of two coins give those weights within 0.05 (standard error 0.012)."""
    rng = np.random.default_rng(2)
    first, second = rng.uniform(size=20_000), rng.uniform(size=20_000)
    happened = rng.random(20_000) < 0.3 * first + 0.7 * second
    given_ = np.stack([np.where(happened, p, 1 - p) for p in (first, second)], axis=1)
    np.testing.assert_allclose(likelihood_weights(given_), [0.3, 0.7], atol=0.05)


def test_no_row_weighs_for_its_own_fold() -> None:
    """Residuals, or what happened, in one fold replaced: that fold's stack and mixture keep every bit."""
    rng = np.random.default_rng(3)
    learners = [rng.uniform(size=(300, 2)) for _ in range(3)]
    residual = rng.normal(size=(300, 3)) * np.array([1.0, 1.2, 1.5])
    changed = residual.copy()
    changed[FOLD == 1] *= np.array([3.0, 0.1, 1.0])
    everyone = [np.ones(300, dtype=bool)] * 2
    before, after = (stack(learners, values, everyone, FOLD) for values in (residual, changed))
    np.testing.assert_array_equal(before[FOLD == 1], after[FOLD == 1])
    assert np.abs(before[FOLD != 1] - after[FOLD != 1]).max() > 0.01
    happened = [chances[:, 0] for chances in learners]
    other = [np.where(FOLD == 1, chances**3, chances) for chances in happened]
    before, after = (mixture(learners, values, FOLD) for values in (happened, other))
    np.testing.assert_array_equal(before[FOLD == 1], after[FOLD == 1])
