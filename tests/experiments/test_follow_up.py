"""Follow-up: shares by hand, means that weighting mends, and no count from which a few patients could be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.effects import ByCourse
from data_contracts.patient_count import Count, Split
from data_contracts.protocol import Censoring
from experiments.report.disclosure import WITHHELD, disclose_left
from experiments.report.follow_up import disclose_followed, follow_up
from experiments.report.follow_up_plot import follow_up_plot, visit_times
from experiments.study_result import StudyResult

FALLS = st.lists(st.one_of(st.integers(0, 12), st.integers(0, 90)), min_size=1, max_size=6)


@given(st.integers(11, 300), FALLS)
def test_no_fall_of_a_few_patients_shows(left: int, falls: list[int]) -> None:
    """Any two counts that are shown lie 0 or at least 11 apart; the last is told as the attrition table tells it."""
    counts = (left + np.cumsum([0, *falls]))[::-1].tolist()
    still = [Split(Count(count, count), Count(counts[0] - count, counts[0] - count)) for count in counts[1:]]
    shown = disclose_followed(Count(counts[0], counts[0]), still)
    known = [count for count in shown if isinstance(count, int)]
    assert not {one - other for one in known for other in known} & set(range(1, 11))
    assert shown[0] == counts[0]
    assert shown[-1] == disclose_left(still[-1])[0]
    for count, cell in zip(counts[1:-1], shown[1:-1], strict=True):
        assert cell in (count, WITHHELD)


@pytest.fixture
def dropped(result: StudyResult) -> StudyResult:
    """The null study with a quarter lost, the worse the likelier, at two visits, and the true chance of being seen."""
    data, rng = result.learned.scored, np.random.default_rng(3)
    severity = data.modifiers[:, 0]
    outcome = -severity + rng.normal(0, 0.3, len(severity))
    seen = 1 / (1 + np.exp(-2.2 + 1.5 * severity))
    stayed = np.where(rng.random(len(seen)) < seen, 2, rng.integers(0, 2, len(seen)))
    scored = replace(
        data,
        outcome=np.where(stayed == 2, outcome, np.nan),
        observation=np.repeat(np.maximum(seen, 0.05)[:, None], data.scores.shape[1], axis=1),
    )
    protocol = result.protocol.model_copy(update={"censoring": Censoring(last_visit="seen", visits=(4.0, 12.0))})
    episodes = replace(result.episodes, stayed=stayed)
    return replace(result, protocol=protocol, episodes=episodes, learned=replace(result.learned, scored=scored))


def test_shares_are_those_counted_by_hand(dropped: StudyResult) -> None:
    """At each visit the share of an arm's starters who were seen then or later."""
    for k, row in enumerate(follow_up(dropped)["arms"]):
        stayed = dropped.episodes.stayed[dropped.episodes.arm == k]  # type: ignore[index]
        wanted = [1.0, (stayed >= 1).mean(), (stayed >= 2).mean()]
        assert row["followed"] == pytest.approx(wanted, abs=0.0006)
        assert row["counts"] == [len(stayed), int((stayed >= 1).sum()), int((stayed >= 2).sum())]


def test_weighting_undoes_what_dropout_did(dropped: StudyResult) -> None:
    """With the true chances of being seen the weighted means hold what all would have shown, those observed do not.

    Means of all three arms together, of 600 patients: the Monte Carlo error of the weighted one is about 0.06.
    """
    rows, data = follow_up(dropped)["arms"], dropped.learned.scored
    sign = dropped.protocol.outcome.sign
    share = np.bincount(data.arm) / len(data.arm)
    truth = -sign * data.modifiers[:, 0].mean()
    observed, weighted = (share @ [row[kind]["mean"] for row in rows] for kind in ("observed", "weighted"))
    assert abs(observed - truth) > 0.15
    assert abs(weighted - truth) < 0.12


def test_where_nobody_was_lost_both_means_agree(result: StudyResult) -> None:
    """Weights of one change nothing, to the last bit."""
    data = result.learned.scored
    all_seen = replace(data, outcome=data.expected[:, 0], observation=np.ones_like(data.observation))
    for row in follow_up(replace(result, learned=replace(result.learned, scored=all_seen)))["arms"]:
        assert row["observed"] == row["weighted"]
        assert row["followed"] == [1.0, 1.0]


def test_the_picture_says_in_words_what_it_shows(dropped: StudyResult) -> None:
    """The text alternative names every arm with its share and both means."""
    found: dict[str, Any] = follow_up(dropped)
    told = follow_up_plot(found).alt
    for row in found["arms"]:
        assert row["arm"] in told
        assert f"{100 * row['followed'][-1]:.1f} %" in told
    assert visit_times([4.0, 12.0]) == [0.0, 4.0, 12.0]
    assert visit_times([0.0, 1.0]) == [-1.0, 0.0, 1.0]


@pytest.fixture
def with_course(dropped: StudyResult) -> StudyResult:
    """The same with a course: a score at the first visit that follows severity, and the true chances to be there."""
    data, stayed = dropped.learned.scored, dropped.episodes.stayed
    assert stayed is not None
    severity = data.modifiers[:, 0]
    end = data.observation[:, 0]
    first = end + (1 - end) / 2  # of those not seen at the last visit half were seen at the first
    rng = np.random.default_rng(4)
    measured = np.where(stayed >= 1, severity + rng.normal(0, 0.3, len(severity)), np.nan)
    by_course = ByCourse(np.stack([first, end], axis=1), np.zeros(len(severity)))
    protocol = dropped.protocol.model_copy(
        update={
            "censoring": Censoring(last_visit="seen", visits=(4.0, 12.0), course=("score_week4",)),
            "secondary_outcomes": (dropped.protocol.outcome.model_copy(update={"column": "score_week4"}),),
        }
    )
    return replace(
        dropped,
        protocol=protocol,
        episodes=replace(dropped.episodes, course=measured[:, None]),
        learned=replace(dropped.learned, scored=replace(data, by_course=by_course)),
    )


def test_the_course_is_weighted_by_the_chance_to_be_there(with_course: StudyResult) -> None:
    """At the visit between, true chances bring the mean of all who started back, which those seen do not hold.

    Means of all three arms together, of 600 patients. Severity is the same in both and its mean known, so that what
    is left of the weighted one's Monte Carlo error is about 0.02.
    """
    data = with_course.learned.scored
    rows = follow_up(with_course)["arms"]
    share = np.bincount(data.arm) / len(data.arm)
    observed, weighted = (
        share @ [row["between"][0][kind]["mean"] for row in rows] for kind in ("observed", "weighted")
    )
    truth = data.modifiers[:, 0].mean()
    assert abs(observed - truth) > 0.07
    assert abs(weighted - truth) < 0.035


def test_only_a_course_that_is_the_outcomes_is_drawn(with_course: StudyResult) -> None:
    """A line joins what is known to be measured as the outcome is; else it is told alone, and of few not at all."""
    found = follow_up(with_course)
    assert found["drawn"] == [True]
    assert "weighted at 4" in follow_up_plot(found).alt
    outcome = with_course.protocol.outcome.model_copy(update={"column": "score_week4", "unit": "another"})
    other = with_course.protocol.model_copy(update={"secondary_outcomes": (outcome,)})
    told = follow_up(replace(with_course, protocol=other))
    assert told["drawn"] == [False]
    assert told["arms"] == found["arms"]
    assert "weighted at 4" not in follow_up_plot(told).alt
    course = with_course.episodes.course
    assert course is not None
    few = np.where(np.cumsum(~np.isnan(course), axis=0) <= 10, course, np.nan)
    sparse = replace(with_course, episodes=replace(with_course.episodes, course=few))
    assert [row["between"] for row in follow_up(sparse)["arms"]] == [[None]] * 3
