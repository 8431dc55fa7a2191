"""Refuters of a study that follows its patients' course: what they attack is the score of completed outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.protocol import StudyProtocol
from estimators.refutation.material import Material, trial_of
from estimators.refutation.refute import REFUTERS, refute
from estimators.scored_study import ScoredStudy
from estimators.scores import completed_score_matrix
from estimators.worlds import simulate
from estimators.worlds.world import SimulatedWorld
from experiments import benchmark_refutation as suite
from experiments.benchmark_refutation_faults import FAULTS


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    """Patients who leave by how they are faring."""
    return simulate("dropout_by_course", 900, 3)


@pytest.fixture(scope="module")
def study(world: SimulatedWorld) -> ScoredStudy:
    """That world's scores, which follow the course."""
    return suite.scored(world.records, world.protocol | {"folds": 3}, [])[1]


@pytest.fixture(scope="module")
def followed(world: SimulatedWorld) -> tuple[StudyProtocol, Material]:
    """Its study as refuters take it."""
    protocol, material = suite.study_of(world.records, world.protocol | {"folds": 3})
    return protocol, replace(material, draws=20)


def test_completed_outcomes_of_all_patients_are_attacked(study: ScoredStudy) -> None:
    """With the study's own expectations the trial's score is the study's, of every patient and to the last digits."""
    data = study.primary
    trial = trial_of(data, study.covariates)
    assert np.isnan(data.outcome).mean() > 0.3
    again = completed_score_matrix(trial.arm, trial.outcome, data.expected, trial.propensity)
    np.testing.assert_allclose(again, data.scores, rtol=1e-9)


def test_without_a_course_those_observed_are(study: ScoredStudy) -> None:
    """Their outcomes as they are; an arm's chance is that among those observed, the more often seen the likelier."""
    data: ScoredEpisodes = replace(study.primary, by_course=None)
    trial, seen = trial_of(data, study.covariates), ~np.isnan(data.outcome)
    np.testing.assert_array_equal(trial.outcome, data.outcome[seen])
    odds = trial.propensity[:, 1] / trial.propensity[:, 0]
    lasting = data.observation[seen, 1] / data.observation[seen, 0]
    np.testing.assert_allclose(odds, data.propensity[seen, 1] / data.propensity[seen, 0] * lasting, rtol=1e-9)
    np.testing.assert_allclose(trial.propensity.sum(axis=1), 1.0)


def test_a_sound_study_withstands_and_broken_ones_do_not(followed: tuple[StudyProtocol, Material]) -> None:
    """Every refuter judges; scores that ignore confounding, or stand on completed outcomes left over, are refuted."""
    protocol, material = followed
    found = refute(material, protocol.gates)
    assert {one.name: one.verdict for one in found} == dict.fromkeys(REFUTERS, "withstood")
    for fault, finder in {"confounding ignored": "redrawn_treatment", "stale outcomes": "placebo_outcome"}.items():
        broken: Any = replace(material, estimator=FAULTS[fault](material))
        verdicts = {one.name: one.verdict for one in refute(broken, protocol.gates)}
        assert verdicts[finder] == "refuted", fault
