"""Balance: known shifts are measured, weighting undoes confounding, and noise of a rare arm hides nothing."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.balance import balance

N = 4000


def test_perfect_balance() -> None:
    """The same patients in every arm: no difference before or after, and so none beyond chance."""
    patients = np.random.default_rng(1).normal(size=(100, 2))
    covariates, arm = np.tile(patients, (3, 1)), np.repeat([0, 1, 2], 100)
    found = balance(("a", "b"), covariates, arm, np.full((300, 3), 1 / 3), np.arange(300))
    np.testing.assert_allclose(found.before, 0, atol=1e-12)
    np.testing.assert_allclose(found.after, 0, atol=1e-12)
    assert found.beyond_chance < 0


@pytest.mark.parametrize("scale", [0.01, 1.0, 50.0])
@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_a_known_shift(shift: float, scale: float) -> None:
    """Arm 1 shifted by so many SDs exactly shows that shift, in whatever unit the covariate is."""
    patients = np.random.default_rng(2).normal(size=(500, 1))
    patients = scale * (patients - patients.mean()) / patients.std()
    covariates = np.vstack([patients, patients + shift * scale])
    found = balance(("x",), covariates, np.repeat([0, 1], 500), np.full((1000, 2), 0.5), np.arange(1000))
    assert found.before[0] == pytest.approx(shift, abs=1e-9)
    assert found.after[0] == pytest.approx(shift, abs=1e-9)


def test_the_largest_of_all_pairs_by_hand() -> None:
    """Arms at 0, 1 and -2 with unit variance: the largest difference is 3, between the last two."""
    base = np.tile([-1.0, 1.0], 50)
    covariates = np.concatenate([base, base + 1, base - 2])[:, None]
    found = balance(("x",), covariates, np.repeat([0, 1, 2], 100), np.full((300, 3), 1 / 3), np.arange(300))
    assert found.before[0] == pytest.approx(3)
    error = np.sqrt(2 * 1 / 100)
    assert found.chance[0] == pytest.approx(1.6449 * error, rel=1e-4)
    assert found.excess[0] == pytest.approx(3 - 1.6449 * error, rel=1e-4)


def test_weighting_undoes_confounding() -> None:
    """By the true propensity a difference of more than 0.4 SD falls to what chance explains (0.02 allowed), and a
    confounder that the propensity leaves out keeps its difference, beyond chance.
    """
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, 2))
    chance = 1 / (1 + np.exp(-x[:, 0]))
    arm = (rng.random(N) < chance).astype(np.int64)
    found = balance(("a", "b"), x, arm, np.stack([1 - chance, chance], axis=1), np.arange(N))
    assert found.before[0] > 0.4
    assert found.beyond_chance < 0.02
    ignorant = balance(("a", "b"), x, arm, np.full((N, 2), 0.5), np.arange(N))
    assert ignorant.beyond_chance > 0.4


def test_a_rare_arm_hides_nothing() -> None:
    """A precise difference of 0.3 between large arms counts, though a rare arm's is larger and mere noise."""
    rng = np.random.default_rng(4)
    arm = np.repeat([0, 1, 2], [2000, 2000, 10])
    x = rng.normal(size=(4010, 1))
    for k, mean in enumerate((0.0, 0.3, 0.55)):
        x[arm == k] = (x[arm == k] - x[arm == k].mean()) / x[arm == k].std() + mean
    found = balance(("x",), x, arm, np.full((4010, 3), 1 / 3), np.arange(4010))
    assert found.after[0] == pytest.approx(0.55, abs=0.01)
    assert found.after[0] - found.chance[0] < 0.1
    assert found.beyond_chance == pytest.approx(0.3 - 1.645 * np.sqrt(2 / 2000), abs=0.01)


def test_the_chance_term_is_a_test_at_its_level() -> None:
    """One covariate without any confounding, two arms: the difference exceeds chance in 0.10 of 1,000 draws, both
    sides of 0.05 (3 Monte Carlo errors: 0.028).
    """
    rng = np.random.default_rng(5)
    arm = np.repeat([0, 1], 100)
    beyond = [
        balance(("x",), rng.normal(size=(200, 1)), arm, np.full((200, 2), 0.5), np.arange(200)).beyond_chance > 0
        for _ in range(1000)
    ]
    assert np.mean(beyond) == pytest.approx(0.10, abs=0.03)


def test_a_constant_covariate_divides_by_nothing() -> None:
    """A covariate without variance differs by zero."""
    found = balance(("x",), np.zeros((20, 1)), np.tile([0, 1], 10), np.full((20, 2), 0.5), np.arange(20))
    assert found.after[0] == 0


def test_copies_of_patients_are_no_further_patients() -> None:
    """The same where every patient has the same episode five times: 0.10 of 400 draws (3 Monte Carlo errors: 0.045);
    were episodes counted, chance would be exceeded in three of ten and more.
    """
    rng = np.random.default_rng(6)
    arm, cluster, half = np.repeat([0, 1], 500), np.repeat(np.arange(200), 5), np.full((1000, 2), 0.5)
    drawn = [np.repeat(rng.normal(size=(200, 1)), 5, axis=0) for _ in range(400)]
    beyond = np.mean([balance(("x",), x, arm, half, cluster).beyond_chance > 0 for x in drawn])
    assert beyond == pytest.approx(0.10, abs=0.045)
    assert np.mean([balance(("x",), x, arm, half, np.arange(1000)).beyond_chance > 0 for x in drawn]) > 0.3


def test_arms_that_a_covariate_parts_are_told_in_its_own_spread() -> None:
    """A value of its own in each arm: within arms nothing but rounding varies, and the unit is the spread over all."""
    x = np.where(np.arange(300) < 90, 0.1 + 0.2, 0.7 - 1e-17) / 3 - 0.05
    x[7] = np.nextafter(x[7], 1.0)
    found = balance(
        ("x",), x[:, None], (np.arange(300) >= 90).astype(np.int64), np.full((300, 2), 0.5), np.arange(300)
    )
    assert found.after[0] == pytest.approx(1 / np.sqrt(0.3 * 0.7))
