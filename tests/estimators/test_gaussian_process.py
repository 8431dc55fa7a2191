"""The Gaussian process: its likelihood, its gradient, and that modifiers which matter get short length-scales."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from estimators.candidates.gaussian_process import Rows, covariance, fit_scales, negative_log_likelihood

SCALES = np.array([0.3, 0.2, 0.1, 0.8, 0.7, 1.5, 2.5])


def draw(seed: int, n: int = 60) -> Rows:
    """N rows of four arms and three modifiers, with a target that has nothing to do with them."""
    rng = np.random.default_rng(seed)
    treatment = np.eye(4)[rng.integers(4, size=n)] - 0.25
    return Rows(rng.normal(size=(n, 3)), treatment @ treatment.T, rng.normal(size=n), rng.uniform(0.5, 1.5, n))


def test_the_likelihood_is_the_normal_densitys() -> None:
    """Differences of the negative log-likelihood equal those of scipy's multivariate normal density, to 1e-8."""
    rows = draw(1)

    def density(scales: np.ndarray) -> float:
        return float(multivariate_normal(np.zeros(60), covariance(rows, scales)).logpdf(rows.target))

    other = SCALES * 1.3
    difference = negative_log_likelihood(rows, other)[0] - negative_log_likelihood(rows, SCALES)[0]
    assert difference == pytest.approx(density(SCALES) - density(other), abs=1e-8)


def test_the_gradient_is_the_likelihoods() -> None:
    """By every scale's logarithm, central differences agree to 1e-5."""
    rows, step = draw(2), 1e-5
    gradient = negative_log_likelihood(rows, SCALES)[1]
    for i in range(len(SCALES)):
        away = np.exp(step * (np.arange(len(SCALES)) == i))
        up, down = (negative_log_likelihood(rows, SCALES * factor)[0] for factor in (away, 1 / away))
        assert gradient[i] == pytest.approx((up - down) / (2 * step), abs=1e-5)


def test_what_modifies_an_effect_gets_a_shorter_length_scale() -> None:
    """One arm's effect is a wave of the second modifier: its length-scale is under half of the others', and without
    any effect the kernels' variances stay below a tenth of the noise's.
    """
    rng = np.random.default_rng(3)
    arm = rng.integers(2, size=300)
    treatment, x = np.eye(2)[arm] - 0.5, rng.normal(size=(300, 3))
    noise = rng.normal(size=300)
    waved = 2 * arm * np.sin(2 * x[:, 1]) + 0.5 * noise
    rows = Rows(x, treatment @ treatment.T, (waved - waved.mean()) / waved.std(), np.ones(300))
    lengths = fit_scales(rows)[4:]
    assert lengths[1] < 0.5 * min(lengths[0], lengths[2])
    silent = fit_scales(Rows(x, rows.overlap, noise / noise.std(), np.ones(300)))
    assert (silent[:3] < 0.1 * silent[3]).all()
