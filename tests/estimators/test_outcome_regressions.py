"""The difference of the outcome regressions as a candidate: honest by folds, served in waves, nowhere without them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from data_contracts.basis import WAVE
from data_contracts.effects import ScoredEpisodes
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from data_contracts.taught import Taught
from engine.policy_files import load_policy
from estimators.candidates.outcome_regressions import OutcomeRegressions, with_room
from estimators.competition import compete
from estimators.learn import learn
from experiments.policy_writer import policy_files

P, FOLDS = 18, 3
SADDLE = {
    "name": "saddle",
    "records": {"patient_id": "patient_id", "arm": "therapy"},
    "arms": {"reference": "usual", "offered": ["a", "b"]},
    "outcome": {"column": "score_week12", "direction": "lower_is_better", "unit": "points"},
    "secondary_outcomes": [{"column": "left", "kind": "yes_no", "unit": "patients", "direction": "lower_is_better"}],
    "effect_modifiers": [f"x{i}" for i in range(1, P + 1)],
    "folds": FOLDS,
    "gates": {"min_effective": 90, "gain_confidence": None},
}


@pytest.fixture(scope="module")
def taught(draw_scores) -> ScoredEpisodes:
    """600 episodes of three arms; each fold's regressions teach a saddle with an error of their own."""
    data = draw_scores(600, 5, np.zeros((3, P)), folds=FOLDS)
    rng, x = np.random.default_rng(6), data.modifiers
    saddle = np.column_stack([np.zeros(600), x[:, 0] * x[:, 1], -x[:, 0] * x[:, 1]])
    errors = [np.sin(x @ rng.normal(0, 0.3, (P, 3))) / 5 for _ in range(FOLDS)]
    lengths = np.tile(np.r_[1.2, 1.3, 20.0 + np.arange(P - 2)], (FOLDS, 3, 1))
    return replace(data, taught=Taught(np.array([10 + saddle + error for error in errors]), lengths))


def test_a_fold_is_told_of_by_what_has_not_seen_it(taught: ScoredEpisodes) -> None:
    """What a fold's own regressions say at its rows, and all that the other folds' say, leaves its held-out effects as
    they are; what its own say at the other rows makes them.
    """
    model = OutcomeRegressions()
    before, fold, known = model.held_out(taught), taught.fold == 1, taught.taught
    assert known is not None
    changed = known.expected.copy()
    changed[[0, 2]] *= -3.0
    changed[1][fold] *= -3.0
    after = model.held_out(replace(taught, taught=replace(known, expected=changed)))
    np.testing.assert_array_equal(after[fold], before[fold])
    assert np.abs(after - before)[~fold].max() > 1
    changed[1][~fold] *= 2.0
    doubled = model.held_out(replace(taught, taught=replace(known, expected=changed)))
    np.testing.assert_allclose(doubled[fold], 2 * before[fold], atol=1e-9)


def test_what_is_taught_is_served(taught: ScoredEpisodes) -> None:
    """In a basis with room for it the fit says what the folds' regressions say on average, but for a twentieth of its
    variance.
    """
    data, known = with_room(taught), taught.taught
    assert known is not None
    found = OutcomeRegressions().fit(data)
    said = found[:, 0] + data.features @ found[:, 1:].T
    left = ((said - known.together) ** 2).sum() / ((known.together - known.together.mean(axis=0)) ** 2).sum()
    assert left < 0.05
    assert not found[0].any()


def test_nothing_taught_changes_nothing(draw_scores) -> None:
    """Without a teacher it does not compete, the basis stays, and asked all the same it says that nobody deviates."""
    data = draw_scores(200, 5, np.zeros((3, 4)))
    assert with_room(data) is data
    assert compete(data, (OutcomeRegressions(),)).rivals == ()
    assert not OutcomeRegressions().held_out(data).any()
    assert not OutcomeRegressions().fit(data).any()
    assert data.rows(np.arange(100)).taught is None


def test_leading_models_know_no_waves(taught: ScoredEpisodes) -> None:
    """All outcomes have chosen the waves; leading models say, held out and in the end, what they say without."""
    roomy = with_room(taught)
    here, there = compete(roomy, ()), compete(replace(taught, taught=None), ())
    more = roomy.basis.terms - taught.basis.terms
    assert more > 0
    for one, other in zip(here.leads, there.leads, strict=True):
        np.testing.assert_array_equal(one.deviations, other.deviations)
        np.testing.assert_array_equal(one.posterior.draws[..., :-more], other.posterior.draws)
        assert not one.posterior.draws[..., -more:].any()


@pytest.fixture(scope="module")
def saddle() -> SimpleNamespace:
    """600 patients, 18 modifiers, three arms; outcomes hardly scatter, and the effects of one are a saddle of two
    columns. A second outcome is yes or no.
    """
    rng = np.random.default_rng(7)
    x = rng.normal(size=(600, P))
    arm = (x[:, :1] @ [[0, 0.5, -0.5]] + rng.gumbel(size=(600, 3))).argmax(axis=1)
    effect = np.column_stack([np.zeros(600), 1 + 2 * np.tanh(x[:, 0]) * x[:, 1], np.ones(600)])
    records = pd.DataFrame(x, columns=[f"x{i}" for i in range(1, P + 1)])
    records.insert(0, "patient_id", [f"P{i:04d}" for i in range(600)])
    records["therapy"] = np.array(["usual", "a", "b"], dtype=object)[arm]
    records["score_week12"] = 11 + 2 * np.abs(x[:, 2]) - effect[np.arange(600), arm] + 0.3 * rng.normal(size=600)
    records["left"] = (rng.random(600) < 0.3).astype(float)
    protocol = StudyProtocol.model_validate(SADDLE)
    episodes = check_episodes(table_from_frame(records), protocol)
    with pytest.MonkeyPatch.context() as patch:  # fewer rows and steps in the search for scales
        for process in ("smooth_process", "process_by_arm"):
            patch.setattr(f"estimators.{process}.SEEN_FOR_SCALES", 200)
        patch.setattr("estimators.gaussian_process.STEPS", 15)
        learned = learn(episodes, protocol)
    return SimpleNamespace(protocol=protocol, episodes=episodes, learned=learned, truth=effect)


def test_a_clear_saddle_is_served_in_waves(saddle: SimpleNamespace) -> None:
    """What no other candidate can say is served: the error of the effects that vary is under half of their spread, the
    candidate has most of the weight, and 90 % intervals hold at least 85 % of patients' own effects.
    """
    learned = saddle.learned
    assert learned.candidate_weights["outcome_regressions"] > 0.5
    assert (learned.scored.basis.kind == WAVE).any()
    effects, covariance = learned.served.at(learned.scored.features)
    true = saddle.truth[:, 1]
    error = effects[:, 1] - true
    assert np.sqrt(np.mean(error**2)) < 0.5 * true.std()
    assert np.mean(np.abs(error) <= 1.645 * np.sqrt(covariance[:, 1, 1])) >= 0.85


def test_a_policy_with_waves_is_written_and_read(saddle: SimpleNamespace) -> None:
    """The policy's arrays agree with its manifest, those of an outcome beside the primary one too, and it serves the
    same effects; an outcome that nothing was taught of has none that vary with waves.
    """
    files = policy_files(saddle.protocol, saddle.episodes, saddle.learned, (), b"{}")
    policy = load_policy(files)
    assert policy.manifest.basis == saddle.learned.scored.basis
    np.testing.assert_array_equal(policy.effects.coefficients, saddle.learned.served.coefficients)
    waves = 1 + np.flatnonzero(policy.manifest.basis.kind == WAVE)
    (other,) = policy.secondary
    assert policy.effects.coefficients[:, waves].any()
    assert not other.effects.root[:, :, waves].any()
    assert other.level is not None
    assert not other.level.root[:, waves].any()
    np.testing.assert_allclose(policy.shares.sum(axis=1), 1, atol=1e-12)
