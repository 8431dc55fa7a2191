"""Odds ratios that an order of arms withstands: known where residuals are normal, and bounds that hold the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from data_contracts.effects import ScoredEpisodes
from estimators.sensitivity.marginal_model import LARGEST, flip_gamma, tail_of
from estimators.sensitivity.missing_outcomes import flip_missing, lost_share

Draw = Callable[..., ScoredEpisodes]


def lost(gamma: float, share: float) -> float:
    """What one mean may be off by: standard normal residuals, ``share`` of patients without the arm."""
    level = gamma / (1 + gamma)
    return share * (1 - 1 / gamma) * float(norm.pdf(norm.ppf(level)) / (1 - level))


@pytest.mark.parametrize("gap", [0.15, 0.4, 0.8])
def test_the_flip_is_that_of_normal_residuals(draw_scores: Draw, gap: float) -> None:
    """Three arms in a trial, 30,000 patients: the odds ratio is within 0.1 of what the formula gives."""
    data = draw_scores(30_000, 1, [[0.0]] * 3, effects=[0.0, gap, 0.0])
    true_gap = float((data.scores[:, 1] - data.scores[:, 0]).mean())
    expected = brentq(lambda gamma: true_gap - 2 * lost(gamma, 2 / 3), 1.0, LARGEST)
    tails = [tail_of(data, data.modifiers, arm) for arm in range(3)]
    found = flip_gamma(data, tails, 1, 0, np.ones(30_000, dtype=bool))
    assert found == pytest.approx(expected, abs=0.1)


def test_no_lead_needs_no_cause(draw_scores: Draw) -> None:
    """An arm that is not ahead is turned by nothing; one that is far ahead by nothing that was looked at."""
    data = draw_scores(2000, 1, [[0.0]] * 2, effects=[0.0, 9.0])
    tails, everyone = [tail_of(data, data.modifiers, arm) for arm in range(2)], np.ones(2000, dtype=bool)
    assert flip_gamma(data, tails, 0, 1, everyone) == 1.0
    assert flip_gamma(data, tails, 1, 0, everyone) is None


def test_a_cause_of_the_stated_odds_ratio_stays_inside_the_bounds() -> None:
    """A binary cause that doubles or halves the odds (Γ = 2) biases two means; both truths lie inside at Γ = 2.

    20 draws of 4,000; the sampling error of a bound is 0.03, so that one draw outside by chance is let pass.
    """
    rng, outside = np.random.default_rng(4), 0
    for _ in range(20):
        n = 4000
        cause = rng.random(n) < 0.5
        # Odds 2 and 1/2: on average one half get the arm.
        arm = (rng.random(n) < np.where(cause, 2 / 3, 1 / 3)).astype(np.int64)
        outcome = 1.5 * np.where(cause, 0.5, -0.5) + rng.normal(size=n)
        expected = np.repeat([[-0.25, 0.25]], n, axis=0)
        data = _data(arm, outcome, expected)
        for k in (0, 1):
            tail = tail_of(data, data.modifiers, k)
            mean = data.scores[:, k].mean()
            low, high = mean - tail.excess(2.0, -1).mean(), mean + tail.excess(2.0, 1).mean()
            outside += not low - 0.03 <= 0.0 <= high + 0.03
    assert outside <= 1


def test_bounds_widen_with_the_odds_ratio_and_start_at_nothing(draw_scores: Draw) -> None:
    """At Γ = 1 nothing is left open; more can only leave more."""
    data = draw_scores(1000, 2, [[0.3]] * 2)
    tail = tail_of(data, data.modifiers, 1)
    left = [tail.excess(gamma, sign).mean() for sign in (1, -1) for gamma in (1.0, 1.2, 2.0, 5.0)]
    assert left[0] == left[4] == 0.0
    assert sorted(left[:4]) == left[:4]
    assert sorted(left[4:]) == left[4:]


def test_lost_outcomes_tip_a_lead_in_proportion_to_how_many_are_lost(draw_scores: Draw) -> None:
    """A lead of 0.6 with a quarter lost under the better arm is gone where the lost ones are 2.4 worse."""
    data = draw_scores(2000, 3, [[0.0]] * 2, effects=[0.0, 0.6])
    assert flip_missing(data, 1, 0.6) is None
    gone = np.random.default_rng(1).random(2000) < np.where(data.arm == 1, 0.25, 0.0)
    some = replace(
        data, outcome=np.where(gone, np.nan, data.outcome), observation=np.repeat([[1.0, 0.75]], 2000, axis=0)
    )
    assert lost_share(some, 1) == pytest.approx(0.25)
    assert flip_missing(some, 1, 0.6) == pytest.approx(2.4)


@pytest.mark.parametrize("few", [1, 5, 10])
def test_a_few_lost_outcomes_cannot_be_counted(draw_scores: Draw, few: int) -> None:
    """Whether 1 or 10 were lost under the better arm, what is told is what would be told of 11: it errs early."""
    data = draw_scores(2000, 3, [[0.0]] * 2, effects=[0.0, 0.6])
    started = np.flatnonzero(data.arm == 1)
    outcome = data.outcome.copy()
    outcome[started[:few]] = np.nan
    seen = np.repeat([[1.0, 1 - few / len(started)]], 2000, axis=0)
    assert flip_missing(replace(data, outcome=outcome, observation=seen), 1, 0.6) == 0.6 * len(started) / 11


def _data(arm: np.ndarray, outcome: np.ndarray, expected: np.ndarray) -> ScoredEpisodes:
    n, rows = len(arm), np.arange(len(arm))
    scores = expected.copy()
    scores[rows, arm] += 2 * (outcome - expected[rows, arm])
    half, ones = np.full((n, 2), 0.5), np.ones((n, 2))
    return ScoredEpisodes(
        scores=scores, modifiers=np.zeros((n, 1)), arm=arm, outcome=outcome, expected=expected, propensity=half,
        observation=ones, fold=np.zeros(n, dtype=np.int64), cluster=rows, basis=None,  # type: ignore[arg-type]
    )  # fmt: skip
