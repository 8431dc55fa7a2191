"""One outcome's scores: repeats of cross-fitting calm the luck of the split; visits are used where they are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_contracts.episode import Episodes
from data_contracts.protocol import StudyProtocol
from estimators.basis_design import linear_basis
from estimators.covariates import complete
from estimators.cross_fitting import CrossFitted, median_of
from estimators.folds import deal
from estimators.scored_outcome import StudyDesign, score_outcome, study_propensity

N = 120
PROTOCOL = StudyProtocol.model_validate(
    {
        "name": "repeats",
        "records": {"patient_id": "pid", "arm": "therapy"},
        "arms": {"reference": "a", "offered": ["b"]},
        "outcome": {"column": "y", "direction": "higher_is_better", "unit": "points"},
        "secondary_outcomes": [{"column": "z", "direction": "higher_is_better", "unit": "points"}],
        "effect_modifiers": ["x"],
        "censoring": {"last_visit": "seen", "visits": [4, 12]},
    }
)


@pytest.fixture(scope="module")
def design() -> StudyDesign:
    """120 patients, two arms, five covariates of which two confound; folds are to be put in."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(N, 5))
    arm = (x[:, 0] + rng.logistic(size=N) > 0).astype(np.int64)
    outcome = x[:, 0] + np.abs(x[:, 1]) + 0.5 * arm + rng.normal(size=N)
    stayed = np.where(rng.random(N) < 0.25, rng.integers(0, 2, size=N), 2)
    episodes = Episodes(
        arms=("a", "b"),
        thin_arms={},
        arm=arm,
        cluster=np.arange(N),
        site=np.zeros(N, dtype=np.int64),
        columns={},
        outcomes={"y": np.where(stayed == 2, outcome, np.nan), "z": outcome},
        attrition=(),
        fingerprint="",
        stayed=stayed,
    )
    return StudyDesign(episodes, complete(x), x, linear_basis(5), [])


def dealt(design: StudyDesign, seeds: range) -> StudyDesign:
    """The same study with folds of these seeds, one repeat each."""
    data = design.episodes
    return replace(design, folds=[deal(data.arm, data.site, data.cluster, 3, seed) for seed in seeds])


def average_effect(design: StudyDesign, outcome: int = 1) -> float:
    """The average effect of arm b on the primary (0) or the secondary outcome (1)."""
    propensity = study_propensity(design).prediction
    _, data = score_outcome(design, PROTOCOL, PROTOCOL.outcomes[outcome], propensity)
    return float(data.contrasts[:, 1].mean())


def test_repeats_calm_the_luck_of_the_split(design: StudyDesign) -> None:
    """Over seeds of the folds the average effect of one data set varies less than half as much (variance) with nine
    repeats as with one: 24 single splits against eight times nine others. Independent splits would give a ninth.
    """
    once = [average_effect(dealt(design, range(seed, seed + 1))) for seed in range(100, 124)]
    nine = [average_effect(dealt(design, range(9 * i, 9 * i + 9))) for i in range(8)]
    assert np.var(nine, ddof=1) < 0.5 * np.var(once, ddof=1)


def test_the_first_repeats_folds_are_the_studys(design: StudyDesign) -> None:
    """With several repeats the scored episodes keep the first folds, and propensities still add to one."""
    several = dealt(design, range(3))
    propensity = study_propensity(several).prediction
    np.testing.assert_allclose(propensity.sum(axis=1), 1, atol=1e-12)
    _, data = score_outcome(several, PROTOCOL, PROTOCOL.outcome, propensity)
    np.testing.assert_array_equal(data.fold, several.folds[0])


def test_visits_count_for_the_primary_outcome_alone(design: StudyDesign) -> None:
    """The primary outcome's probabilities come from the visits; the secondary one, always seen, has probability 1."""
    one = dealt(design, range(1))
    propensity = study_propensity(one).prediction
    _, primary = score_outcome(one, PROTOCOL, PROTOCOL.outcomes[0], propensity)
    _, secondary = score_outcome(one, PROTOCOL, PROTOCOL.outcomes[1], propensity)
    assert (primary.observation < 1).any()
    np.testing.assert_array_equal(secondary.observation, 1.0)


def test_what_is_derived_from_the_primary_outcome_shares_its_visits(design: StudyDesign) -> None:
    """Missing together, a derived outcome has the primary's probabilities bit for bit; dropout is always seen. Other
    folds share nothing.
    """
    protocol = StudyProtocol.model_validate(PROTOCOL.model_dump() | {"derived_outcomes": ["remission", "dropout"]})
    score = design.episodes.outcomes["y"]
    low = np.where(np.isnan(score), np.nan, score < 0)
    outcomes = {**design.episodes.outcomes, "remission": low, "dropout": np.isnan(score).astype(float)}
    study = replace(design, episodes=replace(design.episodes, outcomes=outcomes))
    one, other = dealt(study, range(1)), dealt(study, range(1, 2))
    propensity = study_propensity(one).prediction
    primary, _, remission, dropout = (score_outcome(one, protocol, o, propensity)[1] for o in protocol.outcomes)
    np.testing.assert_array_equal(remission.observation, primary.observation)
    np.testing.assert_array_equal(dropout.observation, 1.0)
    assert (score_outcome(other, protocol, protocol.outcome, propensity)[1].observation != primary.observation).any()


def test_the_median_is_taken_element_by_element() -> None:
    """Of three repeats each cell is the middle one; losses are means, the name is the most frequent."""
    repeats = [
        CrossFitted(np.array([[low, high]]), name, {"p": loss, "q": 1.0})
        for low, high, name, loss in ((1.0, 9.0, "p", 1.0), (2.0, 7.0, "q", 2.0), (5.0, 8.0, "q", 3.0))
    ]
    found = median_of(repeats)
    np.testing.assert_array_equal(found.prediction, [[2.0, 8.0]])
    assert (found.chosen, found.losses) == ("q", {"p": 2.0, "q": 1.0})
