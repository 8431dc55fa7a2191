"""Cross-fitted nuisances: no row is predicted by a model that saw it, and the best learner is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.nuisances import MINIMUM_MISSING, crossfit_observation, crossfit_outcome, crossfit_propensity, log_loss

N, K = 450, 3
FOLD = np.arange(N) % 3
CLUSTER = np.arange(N)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates, arms that depend on them, outcomes of which a sixth is missing."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 4))
    logits = np.stack([np.zeros(N), 0.7 * x[:, 0], -0.7 * x[:, 1]], axis=1) + rng.gumbel(size=(N, K))
    arm = logits.argmax(axis=1)
    outcome = x @ [1, 0.5, 0, 0] + 0.3 * arm + rng.normal(size=N)
    outcome[rng.random(N) < 1 / 6] = np.nan
    return x, arm, outcome


def test_no_outcome_reaches_its_own_prediction(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Outcomes of one fold turned over: that fold's own predictions stay (1e-6: only units are learned from all)."""
    x, arm, outcome = rows
    changed = np.where(FOLD == 1, -outcome, outcome)
    before, after = (crossfit_outcome(x, arm, y, FOLD) for y in (outcome, changed))
    assert before.chosen == after.chosen
    np.testing.assert_allclose(before.prediction[FOLD == 1], after.prediction[FOLD == 1], atol=1e-6)
    assert np.abs(before.prediction[FOLD != 1] - after.prediction[FOLD != 1]).max() > 0.5


def test_no_arm_reaches_its_own_propensity(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Arms of one fold shuffled: that fold's own propensities keep every bit, the others' change."""
    x, arm, _ = rows
    changed = arm.copy()
    changed[FOLD == 1] = np.random.default_rng(2).permutation(arm[FOLD == 1])
    before, after = (crossfit_propensity(x, a, FOLD, CLUSTER) for a in (arm, changed))
    assert before.chosen == after.chosen
    np.testing.assert_array_equal(before.prediction[FOLD == 1], after.prediction[FOLD == 1])
    assert np.abs(before.prediction[FOLD != 1] - after.prediction[FOLD != 1]).max() > 0.01


def test_no_dropout_reaches_its_own_probability(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Dropout of one fold shuffled: that fold's own probabilities of being observed keep every bit."""
    x, arm, outcome = rows
    seen = ~np.isnan(outcome)
    changed = seen.copy()
    changed[FOLD == 1] = np.random.default_rng(3).permutation(seen[FOLD == 1])
    before, after = (crossfit_observation(x, arm, s, FOLD, CLUSTER) for s in (seen, changed))
    assert before.chosen == after.chosen
    np.testing.assert_array_equal(before.prediction[FOLD == 1], after.prediction[FOLD == 1])


def test_a_column_that_names_the_fold_gains_nothing(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Leak canary: a covariate that is the row's fold lowers no held-out loss (0.02 of chance allowed)."""
    x, arm, outcome = rows
    marked = np.hstack([x, (FOLD[:, None] - 1.0)])
    plain, canary = crossfit_outcome(x, arm, outcome, FOLD), crossfit_outcome(marked, arm, outcome, FOLD)
    assert min(canary.losses.values()) > min(plain.losses.values()) - 0.02
    plain, canary = (crossfit_propensity(m, arm, FOLD, CLUSTER) for m in (x, marked))
    assert min(canary.losses.values()) > min(plain.losses.values()) - 0.02


def test_losses_are_what_they_say(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The chosen learner has the smallest loss, and that loss is the squared error over observed outcomes."""
    x, arm, outcome = rows
    found = crossfit_outcome(x, arm, outcome, FOLD)
    seen = ~np.isnan(outcome)
    error = np.mean((outcome[seen] - found.prediction[np.arange(N), arm][seen]) ** 2)
    assert found.losses[found.chosen] == min(found.losses.values()) == pytest.approx(error)
    propensity = crossfit_propensity(x, arm, FOLD, CLUSTER)
    assert propensity.losses[propensity.chosen] == min(propensity.losses.values())
    assert propensity.losses[propensity.chosen] == pytest.approx(log_loss(propensity.prediction, arm))


def test_held_out_propensities_add_to_one(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Each row's propensities are positive and add to one."""
    x, arm, _ = rows
    found = crossfit_propensity(x, arm, FOLD, CLUSTER).prediction
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize(("lost", "modelled"), [(MINIMUM_MISSING - 1, False), (MINIMUM_MISSING, True)])
def test_few_dropouts_are_each_arms_rate(lost: int, modelled: bool) -> None:
    """With 19 lost outcomes the probability is the arm's share observed; with 20 it is modelled."""
    rng = np.random.default_rng(4)
    x, arm = rng.normal(size=(N, 2)), np.arange(N) // 2 % K
    seen = np.ones(N, dtype=bool)
    seen[rng.choice(N, size=lost, replace=False)] = False
    found = crossfit_observation(x, arm, seen, FOLD, CLUSTER)
    assert (found.chosen != "rate of the arm") is modelled
    if not modelled:
        rates = [seen[arm == k].mean() for k in range(K)]
        np.testing.assert_allclose(found.prediction, np.repeat([rates], N, axis=0))


def test_dropouts_of_one_cluster_count_once() -> None:
    """Forty lost outcomes of the same patient are one dropout: each arm's rate is used and nothing fails."""
    arm = np.arange(N) // 2 % K
    seen = np.arange(N) >= 40
    cluster = np.maximum(CLUSTER - 39, 0)
    found = crossfit_observation(
        np.random.default_rng(5).normal(size=(N, 2)), arm, seen, np.minimum(cluster, 1), cluster
    )
    assert found.chosen == "rate of the arm"


def test_informative_dropout_is_learned() -> None:
    """Where dropout follows a covariate and the arm, probabilities correlate above 0.9 with the true ones."""
    rng = np.random.default_rng(6)
    n = 1500
    x, arm = rng.normal(size=(n, 3)), rng.integers(K, size=n)
    truth = 1 / (1 + np.exp(-1 - x[:, :1] + np.array([0.0, 0.5, 1.0])))
    seen = rng.random(n) < truth[np.arange(n), arm]
    found = crossfit_observation(x, arm, seen, np.arange(n) % 3, np.arange(n)).prediction
    assert found.shape == (n, K)
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.9


def test_log_loss_by_hand() -> None:
    """Mean of minus the log of what happened's probability; a certain miss is large, not infinite."""
    assert log_loss(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1])) == pytest.approx(-np.log([0.5, 0.8]).mean())
    assert np.isfinite(log_loss(np.array([[1.0, 0.0]]), np.array([1])))
