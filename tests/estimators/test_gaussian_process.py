"""Gaussian processes: the likelihood, its gradient, and that columns which matter get short length-scales."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from estimators.gaussian_process import Part, Rows, covariance, fit_scales, negative_log_likelihood, pull

SCALES = np.array([0.1, 0.2, 0.9, 1.3, 2.0, 0.3, 0.2, 0.7, 1.5, 2.5, 0.8])
"""Of a shared part and of effects, each with three length-scales, and of the noise."""


def parts(treatment: np.ndarray) -> tuple[Part, Part]:
    """What the arms share, and effects with hardly any prior on their constant."""
    overlap = treatment @ treatment.T
    return Part(np.ones_like(overlap), 0.0, 0.05, 0.05), Part(overlap, 10.0, 0.05, 0.05)


def draw(seed: int, n: int = 60) -> Rows:
    """N rows of four arms and three modifiers, with a target that has nothing to do with them."""
    rng = np.random.default_rng(seed)
    treatment = np.eye(4)[rng.integers(4, size=n)] - 0.25
    return Rows(rng.normal(size=(n, 3)), parts(treatment), rng.normal(size=n), rng.uniform(0.5, 1.5, n))


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
    rows = Rows(x, parts(treatment), (waved - waved.mean()) / waved.std(), np.ones(300))
    lengths = fit_scales(rows)[7:10]
    assert lengths[1] < 0.5 * min(lengths[0], lengths[2])
    silent = fit_scales(Rows(x, rows.parts, noise / noise.std(), np.ones(300)))
    assert (silent[[0, 1, 5, 6]] < 0.1 * silent[-1]).all()


def test_targets_speak_as_the_covariance_weighs_them() -> None:
    """The covariance times the weights gives the targets back, to 1e-9."""
    rows = draw(4)
    np.testing.assert_allclose(covariance(rows, SCALES) @ pull(rows, SCALES), rows.target, atol=1e-9)
