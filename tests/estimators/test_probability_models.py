"""Probability models: calibrated, near the truth on rows they did not see, and served to the last digit."""

from __future__ import annotations

from functools import partial

import lightgbm
import numpy as np
import pytest

from estimators.boosted import REPEATABLE
from estimators.nuisances import log_loss
from estimators.probability_models import PROBABILITY_MODELS, BoostedClassifier, fit_calibrated, served_logits

N = 1500


def drawn(arms: int, seed: int, n: int = N, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates, arms and the true probabilities: a softmax in five of eight covariates."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8))
    weights = np.random.default_rng(99).normal(size=(8, arms)) * 0.5
    weights[5:] = 0
    logits = x @ weights + bend * np.abs(x[:, :1]) * np.arange(arms)
    chance = np.exp(logits)
    chance /= chance.sum(axis=1, keepdims=True)
    arm = (rng.random(n)[:, None] > chance.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return x, arm, chance


@pytest.mark.parametrize("name", sorted(PROBABILITY_MODELS))
@pytest.mark.parametrize("arms", [2, 4])
def test_probabilities_are_probabilities(name: str, arms: int) -> None:
    """For new rows they are positive and add to one to 1e-9, and a second fit gives the same bits."""
    x, arm, _ = drawn(arms, 1, n=400)
    new, *_ = drawn(arms, 2, n=400)
    first, again = (fit_calibrated(name, x, arm, np.arange(400)).predict_proba(new) for _ in range(2))
    assert first.shape == (400, arms)
    assert (first > 0).all()
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(("name", "excess"), [("logistic", 0.03), ("boosted trees", 0.10)])
@pytest.mark.parametrize("arms", [2, 4])
def test_held_out_log_loss_is_near_the_truths(name: str, excess: float, arms: int) -> None:
    """On 10,000 new rows the log-loss is within 0.03 nats (logistic: 27 parameters over 1,500 rows cost 0.009 in
    expectation; trees 0.10) of the true probabilities' own, never below it, and under the marginal shares'.
    """
    x, arm, _ = drawn(arms, 3)
    new, got, chance = drawn(arms, 4, n=10_000)
    found = log_loss(fit_calibrated(name, x, arm, np.arange(N)).predict_proba(new), got)
    oracle = log_loss(chance, got)
    shares = np.bincount(arm) / N
    assert oracle - 0.005 < found < oracle + excess
    assert found < log_loss(np.repeat(shares[None], 10_000, axis=0), got)


def test_calibration_cures_boosted_propensities() -> None:
    """On four arms default LightGBM loses more than guessing the shares does; ours is at least 0.2 nats better."""
    x, arm, _ = drawn(4, 5)
    new, got, _ = drawn(4, 6, n=10_000)
    default = lightgbm.LGBMClassifier(**REPEATABLE).fit(x, arm)
    uncalibrated = log_loss(np.asarray(default.booster_.predict(new)), got)
    ours = log_loss(fit_calibrated("boosted trees", x, arm, np.arange(N)).predict_proba(new), got)
    assert uncalibrated > np.log(4)
    assert ours < uncalibrated - 0.2


def test_calibration_undoes_overconfidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even LightGBM's defaults end within 0.15 nats of the truth once their temperature is fitted."""
    defaults = partial(BoostedClassifier, n_estimators=100, num_leaves=31)
    monkeypatch.setitem(PROBABILITY_MODELS, "defaults", defaults)  # type: ignore[arg-type]
    x, arm, _ = drawn(4, 7)
    new, got, chance = drawn(4, 8, n=10_000)
    found = log_loss(fit_calibrated("defaults", x, arm, np.arange(N)).predict_proba(new), got)
    assert found < log_loss(chance, got) + 0.15


@pytest.mark.parametrize("arms", [2, 3, 5])
@pytest.mark.parametrize("n", [150, 900])
def test_served_logits_are_the_model(arms: int, n: int) -> None:
    """The softmax of the served linear form equals the calibrated model's probabilities to 1e-9, two arms included."""
    x, arm, _ = drawn(arms, 9, n=n)
    new, *_ = drawn(arms, 10, n=500)
    model = fit_calibrated("logistic", x, arm, np.arange(n))
    weights = served_logits(model)
    assert weights.shape == (arms, 9)
    logits = weights[:, 0] + new @ weights[:, 1:].T
    served = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(served, model.predict_proba(new), atol=1e-9)


def test_served_logits_lean_on_no_arm() -> None:
    """The arms' coefficients add to zero, so no arm is the one that others are told against."""
    x, arm, _ = drawn(3, 11, n=300)
    np.testing.assert_allclose(
        served_logits(fit_calibrated("logistic", x, arm, np.arange(300))).sum(axis=0), 0, atol=1e-12
    )


@pytest.mark.parametrize("name", sorted(PROBABILITY_MODELS))
def test_copies_in_a_cluster_do_not_fool_the_temperature(name: str) -> None:
    """With each row six times, the temperature fitted on whole clusters does better on new rows than one fitted on
    copies of what the model had seen, or as well (0.001 nats).
    """
    x, arm, _ = drawn(3, 12, n=300)
    new, got, _ = drawn(3, 13, n=5000)
    copies = np.repeat(np.arange(300), 6)
    whole = log_loss(fit_calibrated(name, x[copies], arm[copies], copies).predict_proba(new), got)
    parted = log_loss(fit_calibrated(name, x[copies], arm[copies], np.arange(1800)).predict_proba(new), got)
    assert whole <= parted + 0.001
