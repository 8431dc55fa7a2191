"""Effects that lie in the basis survive distilling, up to the stated penalty."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.basis_design import smooth_basis
from estimators.distil import distil

PENALTY = 0.3


@pytest.mark.parametrize("penalty", [0.2, 50.0])
def test_orthonormal_terms_give_the_slopes_back(penalty: float) -> None:
    """Over orthogonal terms of unit spread slopes come back times n / (n + penalty), the means exactly, to 1e-12."""
    rng = np.random.default_rng(1)
    terms = np.linalg.qr(rng.normal(size=(200, 5)))[0]
    terms = np.linalg.qr(np.column_stack([np.ones(200), terms]))[0][:, 1:] * np.sqrt(200)
    coefficients = rng.normal(size=(3, 6))
    found = distil(coefficients[:, 0] + terms @ coefficients[:, 1:].T, terms, penalty)
    np.testing.assert_allclose(found[:, 0], coefficients[:, 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 1:], coefficients[:, 1:] * 200 / (200 + penalty), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_effects_in_the_span_are_kept(seed: int) -> None:
    """Over any terms the root mean squared error is at most half the root of penalty / n times the slopes' norm."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, 3))
    terms = smooth_basis(x).expand(x)
    coefficients = rng.normal(size=(3, 1 + terms.shape[1]))
    effects = coefficients[:, 0] + terms @ coefficients[:, 1:].T
    found = distil(effects, terms, PENALTY)
    error = np.sqrt(((found[:, 0] + terms @ found[:, 1:].T - effects) ** 2).mean(axis=0))
    assert (error <= 0.5 * np.sqrt(PENALTY / 300) * np.linalg.norm(coefficients[:, 1:], axis=1) + 1e-12).all()


def test_means_are_kept_whatever_the_effects() -> None:
    """Mean effects over the patients are kept to 1e-12, also where terms are not centred and effects not linear."""
    rng = np.random.default_rng(7)
    terms = 3 + rng.normal(size=(100, 4))
    effects = np.column_stack([np.zeros(100), np.exp(terms[:, 0]), np.abs(terms[:, 1])])
    found = distil(effects, terms, PENALTY)
    np.testing.assert_allclose((found[:, 0] + terms @ found[:, 1:].T).mean(axis=0), effects.mean(axis=0), atol=1e-9)
    assert not found[0].any()


def test_a_constant_effect_is_a_constant() -> None:
    """An effect that is the same for everyone has no slopes."""
    terms = np.random.default_rng(8).normal(size=(50, 3))
    found = distil(np.tile([0.0, 2.5], (50, 1)), terms, PENALTY)
    np.testing.assert_allclose(found, [[0, 0, 0, 0], [2.5, 0, 0, 0]], atol=1e-12)
