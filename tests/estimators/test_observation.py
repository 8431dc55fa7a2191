"""Probabilities of being observed: a product over visits, learned without the row itself, truncated and stabilised."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.basis_design import linear_basis
from estimators.covariates import complete
from estimators.design import learn_encoding
from estimators.folds import deal_folds
from estimators.hazards import HAZARD_MODELS, PersonVisits, expect_loss
from estimators.observation import (
    MINIMUM_MISSING,
    MINIMUM_OBSERVATION,
    crossfit_observation,
    stabilised,
)
from estimators.scored_outcome import StudyDesign, score_outcome, study_propensity
from estimators.worlds import simulate

N, K = 450, 3
FOLD = np.arange(N) % 3
CLUSTER = np.arange(N)


def lost_by(x: np.ndarray, arm: np.ndarray, rng: np.random.Generator, visits: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) visits stayed and the (n, K) true probabilities of staying for all: the first covariate matters to each arm
    in its own way, and later losses are rarer.
    """
    strength = np.array([-1.5, 0.0, 1.5])
    late = 0.5 * np.arange(visits)
    hazard = 1 / (1 + np.exp(1.5 + late - (x[:, :1] * strength)[:, :, None]))
    under = np.prod(1 - hazard, axis=2)
    got = hazard[np.arange(len(x)), arm]
    gone = rng.random(got.shape) < got
    return np.where(gone.any(axis=1), gone.argmax(axis=1), visits), under


def test_person_visits_by_hand() -> None:
    """Seen at none, one and both of two visits: one line, two lines and two lines, of which two are losses."""
    lines = PersonVisits.of(np.array([0, 1, 2]), 2)
    np.testing.assert_array_equal(lines.row, [0, 1, 1, 2, 2])
    np.testing.assert_array_equal(lines.visit, [0, 0, 1, 0, 1])
    np.testing.assert_array_equal(lines.lost, [1, 0, 1, 0, 0])


@pytest.mark.parametrize("name", sorted(HAZARD_MODELS))
def test_no_dropout_reaches_its_own_probability(name: str) -> None:
    """Last visits of one fold shuffled: a learner's hazards for that fold keep every bit."""
    rng = np.random.default_rng(3)
    x, arm = rng.normal(size=(N, 3)), rng.integers(K, size=N)
    stayed, _ = lost_by(x, arm, rng, 2)
    changed = stayed.copy()
    changed[FOLD == 1] = rng.permutation(stayed[FOLD == 1])
    before, after = (expect_loss(name, complete(x), arm, PersonVisits.of(s, 2), FOLD) for s in (stayed, changed))
    assert before.shape == (N, K, 2)
    np.testing.assert_array_equal(before[FOLD == 1], after[FOLD == 1])
    assert np.abs(before[FOLD != 1] - after[FOLD != 1]).max() > 0.01


@pytest.mark.parametrize(("lost", "modelled"), [(MINIMUM_MISSING - 1, False), (MINIMUM_MISSING, True)])
def test_few_dropouts_are_each_arms_rate(lost: int, modelled: bool) -> None:
    """With 19 lost outcomes the probability is the arm's share observed; with 20 it is modelled."""
    rng = np.random.default_rng(4)
    x, arm = rng.normal(size=(N, 2)), np.arange(N) // 2 % K
    seen = np.ones(N, dtype=np.int64)
    seen[rng.choice(N, size=lost, replace=False)] = 0
    found = crossfit_observation(complete(x), arm, seen, 1, FOLD, CLUSTER)
    assert (found.chosen != "rate of the arm") is modelled
    if not modelled:
        rates = [seen[arm == k].mean() for k in range(K)]
        np.testing.assert_allclose(found.prediction, np.repeat([rates], N, axis=0))


def test_dropouts_of_one_cluster_count_once() -> None:
    """Forty lost outcomes of the same patient are one dropout: each arm's rate is used and nothing fails."""
    arm = np.arange(N) // 2 % K
    seen = (np.arange(N) >= 40).astype(np.int64)
    cluster = np.maximum(CLUSTER - 39, 0)
    x = complete(np.random.default_rng(5).normal(size=(N, 2)))
    found = crossfit_observation(x, arm, seen, 1, np.minimum(cluster, 1), cluster)
    assert found.chosen == "rate of the arm"


@pytest.mark.parametrize("visits", [1, 3])
def test_informative_dropout_is_learned(visits: int) -> None:
    """Where dropout follows covariates and the arm, probabilities under every arm correlate above 0.9 with the true
    ones, over one visit and over three.
    """
    rng = np.random.default_rng(6)
    n = 3000
    x, arm = rng.normal(size=(n, 3)), rng.integers(K, size=n)
    stayed, truth = lost_by(x, arm, rng, visits)
    found = crossfit_observation(complete(x), arm, stayed, visits, np.arange(n) % 3, np.arange(n)).prediction
    assert found.shape == (n, K)
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.9


def test_those_seen_stand_for_all() -> None:
    """An arm's weights add to its number of episodes (1e-9); the smallest probability is raised to 0.05, so that the
    weights of its arm are no larger than 20.
    """
    rng = np.random.default_rng(7)
    arm, chance = rng.integers(2, size=400), rng.uniform(0.3, 0.7, size=(400, 2))
    observed = rng.random(400) < chance[np.arange(400), arm]
    chance[np.flatnonzero((arm == 1) & observed)[0], 1] = 0.001
    found = stabilised(0.9 * chance, arm, observed)
    weights = observed / found[np.arange(400), arm]
    assert weights[arm == 0].sum() == pytest.approx((arm == 0).sum(), abs=1e-9)
    assert found.min() >= MINIMUM_OBSERVATION
    assert weights.max() <= 1 / MINIMUM_OBSERVATION


def test_visits_undo_the_bias_of_complete_cases() -> None:
    """Outcomes that follow what patients are lost by: weighted by one over the probability of being observed at all
    three visits, an arm's mean errs by less than a third of what the mean of its complete cases does (over 0.25 of an
    outcome with spread 1.1; 6,000 patients, standard error 0.04), in each arm whose losses depend on the patient.
    """
    rng = np.random.default_rng(8)
    n = 6000
    x, arm = rng.normal(size=(n, 2)), rng.integers(K, size=n)
    stayed, _ = lost_by(x, arm, rng, 3)
    found = crossfit_observation(complete(x), arm, stayed, 3, np.arange(n) % 3, np.arange(n)).prediction
    outcome = x[:, 0] + 0.5 * rng.normal(size=n)
    for k in (0, 2):
        got = (arm == k) & (stayed == 3)
        truth = outcome[arm == k].mean()
        weighted = np.average(outcome[got], weights=1 / found[got, k])
        complete_cases = outcome[got].mean()
        assert abs(complete_cases - truth) > 0.25
        assert abs(weighted - truth) < abs(complete_cases - truth) / 3


@pytest.mark.slow
def test_the_hazards_undo_informative_dropout() -> None:
    """In the world with informative dropout the mean errors of the four average effects over 12 draws of 2,000 are
    within 4 standard errors of 0, and less than half as large as those of complete cases weighted by propensity alone.
    """
    errors = np.array([_errors(seed) for seed in range(12)])
    ours, complete_cases = np.moveaxis(errors, 1, 0)
    assert (np.abs(ours.mean(axis=0)) < 4 * ours.std(axis=0, ddof=1) / np.sqrt(12)).all()
    assert np.abs(ours.mean(axis=0)).mean() < 0.5 * np.abs(complete_cases.mean(axis=0)).mean()


def _errors(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(4,) errors of the average effects by our scores, and by complete cases, in one draw."""
    world = simulate("informative_dropout", 2000, seed)
    protocol = StudyProtocol.model_validate(world.protocol)
    episodes = check_episodes(table_from_frame(world.records), protocol)
    x = learn_encoding(episodes.columns, protocol.covariates).encode(episodes.columns)
    design = StudyDesign(episodes, complete(x), x, linear_basis(x.shape[1]), [deal_folds(episodes, 5, 7)])
    _, data = score_outcome(design, protocol, protocol.outcome, propensity := study_propensity(design).prediction)
    by_arm = [~np.isnan(data.outcome) & (data.arm == k) for k in range(5)]
    crude = np.array([np.average(data.outcome[r], weights=1 / propensity[r, k]) for k, r in enumerate(by_arm)])
    truth = world.truth[[f"effect_{name}" for name in episodes.arms]].to_numpy().mean(axis=0)
    ours = data.scores.mean(axis=0)
    return (ours - ours[0] - truth)[1:], (crude - crude[0] - truth)[1:]
