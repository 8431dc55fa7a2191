"""Outcomes completed by the course: what leaving by how one fares does to complete cases, it does not do to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.completed_outcome import completed, expect_by_course
from estimators.course import Course, with_course
from estimators.covariates import complete
from estimators.hazards import HAZARD_MODELS, PersonVisits
from estimators.policy_value import as_treated
from estimators.scored_study import ScoredStudy, score_study
from estimators.staying import crossfit_staying, expect_own_loss
from estimators.worlds.dropout_by_course import dropout_by_course
from estimators.worlds.ground import ARMS

NAN = np.nan


def test_what_is_known_before_a_visit() -> None:
    """The latest measure and its distance to the one before, over gaps; nothing of the visit itself or of later."""
    course = Course(np.array([3, 3, 3]), np.array([[1.0, 4.0], [NAN, 2.0], [3.0, NAN]]))
    assert course.before(0).shape == (3, 0)
    np.testing.assert_array_equal(course.before(1), [[1], [NAN], [3]])
    np.testing.assert_array_equal(course.before(2), [[4, 3], [2, NAN], [3, NAN]])


def test_measures_are_standardised_visit_by_visit() -> None:
    """Their unit does not matter; a visit at which all are alike, or nobody is measured, tells nothing."""
    measured = np.array([[1.0, 5.0, NAN], [3.0, 5.0, NAN], [5.0, NAN, NAN]])
    found = Course.of(np.array([3, 3, 2]), measured).measures
    np.testing.assert_allclose(found, Course.of(np.array([3, 3, 2]), 7 * measured - 2).measures)
    np.testing.assert_allclose(found[:, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5)])
    assert not np.nan_to_num(found[:, 1:]).any()


def test_completed_by_hand() -> None:
    """Of two visits, lost before the first, between and never: 5; 5 + (8 - 5) / 0.5; that and (2 - 8) / 0.25."""
    course = Course(np.array([0, 1, 2]), np.zeros((3, 1)))
    own, staying = np.array([[5.0] * 3, [8.0] * 3]), np.tile([0.5, 0.25], (3, 1))
    found = completed(course, np.array([NAN, NAN, 2.0]), own, staying)
    np.testing.assert_allclose(found, [5, 11, 11 - 24])


@pytest.mark.parametrize("right", ["expectations", "chances"])
def test_either_half_may_be_wrong(right: str) -> None:
    """400,000 patients, of whom the badly off leave: with all expectations wrong and all chances right, or the other
    way round, the mean is the truth's within four Monte Carlo errors, and that of those who stayed is far off.
    """
    rng = np.random.default_rng(1)
    n = 400_000
    early = rng.normal(size=n)
    outcome = 0.8 * early + 0.6 * rng.normal(size=n)
    chance = 1 / (1 + np.exp(-1 - 1.5 * early))
    seen = rng.random((n, 2)) < np.column_stack([np.full(n, 0.9), chance])
    stayed = np.where(seen.all(axis=1), 2, seen[:, 0].astype(np.int64))
    own = np.array([np.zeros(n), 0.8 * early]) if right == "expectations" else np.full((2, n), 0.7)
    stays = np.column_stack([np.full(n, 0.9), 0.9 * chance]) if right == "chances" else np.full((n, 2), 0.8)
    found = completed(Course(stayed, early[:, None]), np.where(stayed == 2, outcome, NAN), own, stays)
    error = found.std() / np.sqrt(n)
    assert abs(found.mean()) < 4 * error
    assert outcome[stayed == 2].mean() > 30 * error


@pytest.mark.parametrize("name", sorted(HAZARD_MODELS))
def test_nobodys_leaving_reaches_their_own_chance(name: str) -> None:
    """Where the patients of one fold leave otherwise, log-odds of losses at visits that they reach either way keep
    every bit.
    """
    rng = np.random.default_rng(2)
    n = 450
    x, arm, fold = complete(rng.normal(size=(n, 2))), rng.integers(3, size=n), np.arange(n) % 3
    measures, stayed = rng.normal(size=(n, 2)), rng.integers(0, 4, size=n)
    changed = np.where(fold == 1, rng.permutation(stayed), stayed)
    found = np.full((2, n, 3), NAN)
    for told, until in zip(found, (stayed, changed), strict=True):
        course, lines = (
            Course(until, np.where(until[:, None] > np.arange(2), measures, NAN)),
            PersonVisits.of(until, 3),
        )
        told[lines.row, lines.visit] = expect_own_loss(name, x, course, arm, lines, fold)
    both = ~np.isnan(found).any(axis=0) & (fold == 1)[:, None]
    np.testing.assert_allclose(found[0][both], found[1][both], rtol=1e-12)
    assert both.sum() > 150


def test_the_course_is_learned() -> None:
    """Where who leaves is decided by the last score, chances of staying correlate above 0.9 with the true ones, and
    weights of those seen at each visit add to all who started (1e-9).
    """
    rng = np.random.default_rng(3)
    n = 4000
    scores, arm = rng.normal(size=(n, 2)), rng.integers(2, size=n)
    true = np.column_stack([np.full(n, 0.9), *(1 / (1 + np.exp(-1.5 + 1.5 * scores * (2 * arm - 1)[:, None]))).T])
    stayed = np.logical_and.accumulate(rng.random((n, 3)) < true, axis=1).sum(axis=1)
    course = Course(stayed, np.where(stayed[:, None] > np.arange(2), scores, NAN))
    found = crossfit_staying(complete(rng.normal(size=(n, 2))), course, arm, np.arange(n) % 3, np.arange(n)).prediction
    last = stayed == 3
    assert np.corrcoef(found[last, 2], true.prod(axis=1)[last])[0, 1] > 0.9
    for code in (0, 1):
        for visit in range(3):
            weights = (stayed > visit) / found[:, visit]
            assert weights[arm == code].sum() == pytest.approx((arm == code).sum(), rel=0.01)


def test_few_losses_are_each_arms_rate() -> None:
    """With nineteen lost, chances are the arm's share seen at each visit."""
    stayed, arm = np.full(200, 2), np.arange(200) % 2
    stayed[:19] = 1
    course = Course(stayed, np.zeros((200, 1)))
    found = crossfit_staying(complete(np.zeros((200, 1))), course, arm, np.arange(200) % 2, np.arange(200))
    assert found.chosen == "rate of the arm"
    np.testing.assert_allclose(found.prediction[0], [1, 0.9])
    np.testing.assert_allclose(found.prediction[1], [1, 0.91])


def test_a_line_is_found_exactly() -> None:
    """Outcomes on a line of the last score: expectations before the last visit are they, the first those by x."""
    rng = np.random.default_rng(4)
    x, noise, arm = rng.normal(size=(900, 1)), rng.normal(size=900), np.arange(900) % 2
    score = x[:, 0] + noise
    course = Course.of(np.full(900, 2), score[:, None])
    found = expect_by_course(complete(x), course, arm, 3 + 2 * score, np.arange(900) % 3)
    np.testing.assert_allclose(found.own[1], 3 + 2 * score, atol=0.25)
    np.testing.assert_allclose(found.own[0], 3 + 2 * x[:, 0], atol=0.6)


def test_gaps_of_the_course_are_kept_for_those_who_can_read_them() -> None:
    """Trees see a gap, the others its mean."""
    found = with_course(complete(np.zeros((2, 1))), np.array([[1.0], [NAN]]))
    np.testing.assert_array_equal(found.filled, [[0, 1], [0, 0]])
    np.testing.assert_array_equal(found.gaps, [[0, 1], [0, NAN]])


def scored(n: int, seed: int, **changes: Any) -> tuple[ScoredStudy, np.ndarray]:
    """A draw's study up to its averages, and its true average effects."""
    world = dropout_by_course(n, seed)
    protocol = StudyProtocol.model_validate(world.protocol | {"folds": 3} | changes)
    truth = world.truth[[f"effect_{arm}" for arm in ARMS]].to_numpy().mean(axis=0)
    return score_study(check_episodes(table_from_frame(world.records), protocol), protocol), truth


def errors(n: int, seeds: range, **changes: Any) -> tuple[np.ndarray, np.ndarray]:
    """(draws, 4) errors of average effects, and whether their 90 % intervals hold the truth."""
    off, holds = [], []
    for seed in seeds:
        study, truth = scored(n, seed, **changes)
        found = study.averages["score_week12"]
        off.append((found.effects - truth)[1:])
        holds.append(np.abs(off[-1]) <= 1.645 * found.standard_errors[1:])
    return np.array(off), np.array(holds)


WITHOUT = {"censoring": {"last_visit": "last_week", "visits": [4, 8, 12]}}


def test_leaving_by_how_one_fares_is_made_up_for() -> None:
    """Three draws of 1,000: weights by the start alone are off by more than 1.2 points; with the course nine tenths of
    that are gone, less two Monte Carlo errors.
    """
    ours, _ = errors(1_000, range(3))
    start, _ = errors(1_000, range(3), **WITHOUT)
    assert start.mean() > 1.2
    error = float(np.mean(ours, axis=1).std(ddof=1) / np.sqrt(3))
    assert abs(ours.mean()) < 0.1 * start.mean() + 2 * error


def test_what_was_really_chosen_is_worth_the_completed_outcome() -> None:
    """What clinicians' choices are worth counts the lost by their course; the rest of the scores are built on it."""
    study, _ = scored(600, 1)
    data = study.primary
    assert data.by_course is not None
    np.testing.assert_array_equal(as_treated(data), data.by_course.completed)
    rows = np.arange(len(data.arm))
    back = (data.scores - data.expected)[rows, data.arm] * data.propensity[rows, data.arm]
    np.testing.assert_allclose(data.expected[rows, data.arm] + back, data.by_course.completed, atol=1e-9)
    some = data.rows(data.arm == 1)
    assert some.by_course is not None
    np.testing.assert_array_equal(some.by_course.chance, some.chance_observed)


@pytest.mark.slow
def test_intervals_hold_the_truth_where_patients_leave_by_their_course() -> None:
    """60 draws of 2,000: nine tenths of the bias are gone, and 90 % intervals hold the truth in 0.90 less 3 errors."""
    ours, holds = errors(2_000, range(100, 160))
    start, _ = errors(2_000, range(100, 120), **WITHOUT)
    assert np.abs(ours.mean(axis=0)).mean() < 0.1 * np.abs(start.mean(axis=0)).mean()
    assert holds.mean() >= 0.90 - 3 * holds.mean(axis=1).std() / np.sqrt(60)
