"""Bias by a cause that was not measured: published figures, bounds that hold, yardsticks that are what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import t as student

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.scores import score_matrix
from estimators.sensitivity.benchmarks import measured_strengths, partial_shares
from estimators.sensitivity.omitted_variable import Strength, bias_scale, robustness_value

Draw = Callable[..., ScoredEpisodes]
SHARES = st.floats(0.001, 0.6)

# Darfur, the example of Cinelli and Hazlett (2020): estimate, standard error, degrees of freedom, and what being
# female explains alone of outcome and exposure (by its t in both regressions, -9.789 and -2.680).
ESTIMATE, ERROR, FREEDOM = 0.0973158, 0.0232565, 783
FEMALE = Strength(9.78884**2 / (9.78884**2 + FREEDOM), 2.68045**2 / (2.68045**2 + FREEDOM + 1))
SCALE = ERROR * math.sqrt(FREEDOM)


def test_darfur_is_as_robust_as_published() -> None:
    """Robustness value 13.9 %, and 7.6 % for the end of the 95 % interval, in which an estimate has one df less."""
    assert robustness_value(ESTIMATE / SCALE) == pytest.approx(0.139, abs=1e-3)
    margin = student.ppf(0.975, FREEDOM - 1) / math.sqrt(FREEDOM - 1)
    assert robustness_value(ESTIMATE / SCALE - margin) == pytest.approx(0.076, abs=1e-3)


@pytest.mark.parametrize(
    ("times", "choice", "outcome", "left"),
    [(1, 0.00916, 0.1246, 0.0752), (2, 0.0183, 0.2493, 0.0529), (3, 0.0275, 0.3741, 0.0304)],
)
def test_darfur_causes_like_being_female_leave_what_was_published(
    times: int, choice: float, outcome: float, left: float
) -> None:
    """One, two and three times as strong as being female: both shares, and the estimate that would be left."""
    cause = FEMALE.times(times)
    assert cause.choice == pytest.approx(choice, abs=1e-3)
    assert cause.outcome == pytest.approx(outcome, abs=1e-3)
    assert ESTIMATE - SCALE * cause.reach == pytest.approx(left, abs=1e-3)


@given(SHARES, SHARES, st.floats(0.01, 3.0))
def test_the_tipping_multiple_has_the_bias_that_was_asked(outcome: float, choice: float, reach: float) -> None:
    """The multiple that is told is that at which the bias is as large as the difference."""
    measured = Strength(outcome, choice)
    times = measured.times_to_reach(reach)
    assert times is not None
    assert 0 < times < measured.limit
    assert measured.times(times).reach == pytest.approx(reach, rel=1e-6)


@given(st.floats(0.0, 5.0), st.floats(0.001, 1.0))
def test_a_larger_difference_is_more_robust(reach: float, more: float) -> None:
    """Robustness values rise with the difference, from 0, and a cause of that strength has that bias."""
    value = robustness_value(reach)
    assert 0 <= value < robustness_value(reach + more) < 1
    assert Strength(value, value).reach == pytest.approx(reach, abs=1e-6)


def test_a_covariate_without_part_in_the_choice_is_no_yardstick() -> None:
    """No multiple of something that has nothing to do with the choice biases anything."""
    assert Strength(0.3, 0.0).times_to_reach(0.1) is None
    assert Strength(0.3, 0.1).times_to_reach(0.0) == 0.0


def test_the_scale_of_a_trial_is_that_of_its_weights(draw_scores: Draw) -> None:
    """With two of four arms, each started by a quarter: residual SD 1.5 in half of patients, mean square weight 8."""
    data = draw_scores(40_000, 1, [[0.0]] * 4, noise=1.5)
    assert bias_scale(data, 1, 3) == pytest.approx(1.5 * math.sqrt(0.5) * math.sqrt(8), rel=0.02)


def hidden_cause(n: int, rng: np.random.Generator, gamma: float) -> tuple[ScoredEpisodes, Strength]:
    """Two arms, one covariate, a cause that the records lack; nuisances are exact without it. True difference: 1.

    Returns:
        The scored episodes, and how strong the cause is.
    """
    x, cause = rng.normal(size=n), np.where(rng.random(n) < 0.5, 1.0, -1.0)
    low, high = expit(0.5 * x - 0.6), expit(0.5 * x + 0.6)
    arm = (rng.random(n) < np.where(cause > 0, high, low)).astype(np.int64)
    outcome = arm + x + gamma * cause + rng.normal(size=n)
    short = (low + high) / 2
    leaning = _leaning(low, high)  # the cause's mean by arm and covariate
    expected = np.column_stack([x, 1 + x]) + gamma * leaning
    propensity = np.column_stack([1 - short, short])
    ones = np.ones((n, 2))
    data = ScoredEpisodes(
        scores=score_matrix(arm, outcome, expected, propensity, ones),
        modifiers=x[:, None], arm=arm, outcome=outcome, expected=expected, propensity=propensity, observation=ones,
        fold=np.zeros(n, dtype=np.int64), cluster=np.arange(n), basis=None,  # type: ignore[arg-type]  # not read
    )  # fmt: skip
    grid = np.linspace(-6, 6, 4001)
    low, high = expit(0.5 * grid - 0.6), expit(0.5 * grid + 0.6)
    short = (low + high) / 2
    left = 1 - (np.column_stack([1 - short, short]) * _leaning(low, high) ** 2).sum(axis=1)
    explained = gamma**2 * _average(left, grid)
    long = _average(sum(0.5 * (1 / e + 1 / (1 - e)) for e in (low, high)), grid)
    return data, Strength(explained / (explained + 1), 1 - _average(1 / short + 1 / (1 - short), grid) / long)


def _leaning(low: FloatArray, high: FloatArray) -> FloatArray:
    """(n, 2) mean of the cause among those who got each arm, by its chance with cause -1 and with 1."""
    short = (low + high) / 2
    return np.column_stack([(low - high) / 2 / (1 - short), (high - low) / 2 / short])


def _average(values: FloatArray, grid: FloatArray) -> float:
    """Mean over a standard normal covariate, by its values on a grid."""
    density = np.exp(-(grid**2) / 2)
    return float((values * density).sum() / density.sum())


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_bounds_at_the_true_strength_hold_the_truth(gamma: float) -> None:
    """In 200 draws of 1,000: the bias moves every estimate, the bounds with sampling error hold 1 in at least 95 %."""
    rng, held, missed = np.random.default_rng(1), 0, 0
    for _ in range(200):
        data, strength = hidden_cause(1000, rng, gamma)
        contrast = data.scores[:, 1] - data.scores[:, 0]
        estimate, error = float(contrast.mean()), float(contrast.std() / math.sqrt(len(contrast)))
        reach = bias_scale(data, 1, 0) * strength.reach
        held += abs(estimate - 1) <= reach + 1.645 * error
        missed += abs(estimate - 1) > 1.645 * error
    assert held >= 190
    assert missed > 100  # Without the bounds most intervals do not hold it.


def test_partial_shares_are_those_of_refitting() -> None:
    """What a group of columns explains is what the regression without it leaves more."""
    rng = np.random.default_rng(3)
    design = np.hstack([np.ones((300, 1)), rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))])
    target = design @ rng.normal(size=5) + rng.normal(size=300)
    groups = np.array([0, 1, 1, 2])

    def left(columns: list[int]) -> float:
        found = np.linalg.lstsq(design[:, columns], target, rcond=None)[0]
        return float(((target - design[:, columns] @ found) ** 2).sum())

    whole = left([0, 1, 2, 3, 4])
    without = [left([0, *(1 + int(at) for at in np.flatnonzero(groups != group))]) for group in range(3)]
    expected = [(short - whole) / short for short in without]
    np.testing.assert_allclose(partial_shares(design, target, 1, groups), expected, rtol=1e-9)


def test_the_covariate_that_drives_both_is_the_strongest_yardstick(draw_scores: Draw) -> None:
    """Of a driver of choice and outcome, one of the outcome alone and noise, the first biases most."""
    data, rng = draw_scores(4000, 1, [[0.0]] * 2), np.random.default_rng(2)
    x = rng.normal(size=(4000, 3))
    arm = (rng.random(4000) < expit(x[:, 0])).astype(np.int64)
    data = replace(data, arm=arm, outcome=x[:, 0] + x[:, 1] + rng.normal(size=4000))
    found = measured_strengths(data, x, (0, 1, 2), ("both", "outcome", "noise"), 1, 0)
    assert max(found, key=lambda name: found[name].reach) == "both"
    assert found["both"].outcome == pytest.approx(0.5, abs=0.03)
    assert found["noise"].reach < 0.01
