"""Outcomes beside the primary one: the same machinery, the primary untouched, levels and few events told honestly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.protocol import StudyProtocol
from estimators.basis_design import linear_basis
from estimators.contrasts import average_effects, mean_covariance
from estimators.few_events import variance_floor
from estimators.hierarchical_family import plain_and_rich
from estimators.level import fit_level
from estimators.secondary import DRAWS, described
from estimators.serve import serve
from estimators.standard_terms import study_basis

Z = 1.6448536269514722
BELOW = {"column": "below", "direction": "higher_is_better", "unit": "share", "kind": "yes_no"}
LOST = {"column": "lost", "direction": "lower_is_better", "unit": "share", "kind": "yes_no", "role": "burden"}
Relearn = Callable[..., Any]


@pytest.fixture(scope="module")
def with_others(small, relearn: Relearn) -> Any:
    """The small study with a yes or no, and how bad things got in points, as other outcomes."""
    below = small.records.assign(below=(small.records.score_week12 < 10).astype(float))
    below["worst"] = below.score_week12 + np.random.default_rng(0).normal(size=len(below))
    worst = {"column": "worst", "direction": "lower_is_better", "unit": "points"}
    return relearn(below, secondary_outcomes=[BELOW, worst])


def test_the_primary_outcome_is_untouched(small, with_others) -> None:
    """With other outcomes beside it, everything learned of the primary one is the same to the last bit."""
    here, there = small.learned, with_others.learned
    for name in ("coefficients", "root", "individualised"):
        np.testing.assert_array_equal(getattr(there.served, name), getattr(here.served, name))
    np.testing.assert_array_equal(there.scored.scores, here.scored.scores)
    np.testing.assert_array_equal(there.averages["score_week12"].covariance, here.averages["score_week12"].covariance)
    np.testing.assert_array_equal(there.expected, here.expected)
    np.testing.assert_array_equal(there.ranges.cells, here.ranges.cells)
    assert there.individualisation == here.individualisation
    assert there.value == here.value


def test_a_derived_outcome_is_what_recording_it_gives(relearn: Relearn, small) -> None:
    """Response worked out by hand and recorded as a column has, to the last bit, the effects of the derived one."""
    rng = np.random.default_rng(1)
    records = small.records.assign(start=np.clip(np.round(14 + 4 * rng.normal(size=600)), 5, 27))
    scores = np.clip(np.round(records.score_week12 * 0.9), 0, 27)
    records["score_week12"] = np.where(rng.random(600) < 0.1, np.nan, scores)
    half = records.start - records.score_week12 >= records.start / 2
    records["halved"] = np.where(records.score_week12.isna(), np.nan, half)
    outcome = {"column": "score_week12", "baseline": "start", "direction": "lower_is_better", "unit": "PHQ-9 points"}
    derived = relearn(records, outcome=outcome, derived_outcomes=["response", "dropout"]).learned
    halved = {"column": "halved", "direction": "higher_is_better", "unit": "share", "kind": "yes_no"}
    recorded = relearn(records, outcome=outcome, secondary_outcomes=[halved]).learned
    first, second = derived.secondary[0].served, recorded.secondary[0].served
    assert (first.outcome.role, first.outcome.unit) == ("response", second.outcome.unit)
    np.testing.assert_array_equal(first.average_effects, second.average_effects)
    np.testing.assert_array_equal(first.effects.root, second.effects.root)
    assert first.level is not None
    assert second.level is not None
    np.testing.assert_array_equal(first.level.coefficients, second.level.coefficients)
    assert derived.secondary[1].served.outcome.role == "dropout"


def test_yes_and_no_turned_round_are_the_same_outcome(small, with_others, relearn: Relearn) -> None:
    """The opposite answer with the opposite direction has the same effects (1e-9) and the complementary level."""
    above = small.records.assign(below=(small.records.score_week12 >= 10).astype(float))
    turned = relearn(above, secondary_outcomes=[BELOW | {"direction": "lower_is_better"}]).learned.secondary[0].served
    plain = with_others.learned.secondary[0].served
    np.testing.assert_allclose(turned.average_effects, plain.average_effects, atol=1e-9)
    np.testing.assert_allclose(turned.average_covariance, plain.average_covariance, atol=1e-9)
    np.testing.assert_allclose(turned.level.coefficients[0], plain.level.coefficients[0] - 1, atol=1e-9)


def test_averages_of_levels_are_those_of_the_scores(with_others) -> None:
    """Over the study's own patients each arm's level averages to its mean score, and effects to their average."""
    learned = with_others.learned
    served, averages = learned.secondary[0].served, learned.averages["below"]
    terms = learned.scored.features
    effects, covariance = served.effects.at(terms)
    levels, _ = served.level.at(terms, effects, covariance)
    np.testing.assert_allclose(levels.mean(axis=0), averages.means, atol=1e-9)
    np.testing.assert_allclose(effects.mean(axis=0), averages.effects, atol=1e-9)


def test_the_mixture_has_no_error_in_common_with_effects(with_others) -> None:
    """By its weights the mixture's mean is uncorrelated with every contrast of the arms (1e-9 of their variances)."""
    learned = with_others.learned
    level = learned.secondary[0].served.level
    assert level.weights.sum() == pytest.approx(1)
    data = learned.scored
    scores = with_others.learned.averages["below"]
    assert level.coefficients[0] == pytest.approx(level.weights @ scores.means)
    binary = binary_scores(800, 3)
    weights = fit_level(binary).weights
    covariance = mean_covariance(binary.scores, binary.cluster, variance_floor(binary))
    shared = covariance @ weights
    np.testing.assert_allclose(shared, shared[0], rtol=1e-6)
    assert data.scores.shape[1] == len(level.weights)


def test_what_a_policy_tells_of_an_outcome() -> None:
    """A yes or no is a share between 0 and 1 whatever its unit is called; points have their instrument's range."""
    content = {
        "name": "small",
        "records": {"patient_id": "pid", "arm": "therapy"},
        "arms": {"reference": "a", "offered": ["b"]},
        "outcome": {"column": "y", "direction": "lower_is_better", "unit": "points"},
        "effect_modifiers": ["age"],
        "secondary_outcomes": [
            {"column": "gad7_week12", "direction": "lower_is_better", "unit": "GAD-7 points"},
            {"column": "sick", "role": "side_effect", "side_effect": "nausea", "kind": "yes_no"}
            | {"direction": "lower_is_better", "unit": "patients"},
            {"column": "hours", "role": "burden", "direction": "lower_is_better", "unit": "hours"},
        ],
    }
    protocol = StudyProtocol.model_validate(content)
    gad7, sick, hours = (described(outcome, protocol) for outcome in protocol.secondary)
    assert (gad7.range, gad7.kind, gad7.role) == ((0, 21), "points", "other")
    assert (sick.range, sick.side_effect, sick.unit) == ((0, 1), "nausea", "share of patients")
    assert (hours.range, hours.unit, hours.role) == (None, "hours", "burden")


def binary_scores(n: int, seed: int, rate: float = 0.35, slope: float = 0.12) -> ScoredEpisodes:
    """A balanced trial of three arms with a yes or no; the truth is ``chance_of``."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    arm = rng.integers(3, size=n)
    yes = (rng.random(n) < chance_of(x, rate, slope)[np.arange(n), arm]).astype(float)
    expected = np.full((n, 3), yes.mean())
    scores = expected.copy()
    scores[np.arange(n), arm] += 3 * (yes - yes.mean())
    return ScoredEpisodes(
        scores=scores,
        modifiers=x,
        arm=arm.astype(np.int64),
        outcome=yes,
        expected=expected,
        propensity=np.full((n, 3), 1 / 3),
        observation=np.ones((n, 3)),
        fold=(np.arange(n) % 5).astype(np.int64),
        cluster=np.arange(n),
        basis=study_basis(x),
    )


def chance_of(x: np.ndarray, rate: float, slope: float) -> np.ndarray:
    """(n, 3) probability of a yes: a logistic curve, which the served form is not, and effects that vary."""
    base = np.log(rate / (1 - rate)) + slope / (rate * (1 - rate)) * x[:, 0]
    lift = np.array([0.0, 0.5, -0.3]) + np.outer(x[:, 1], [0.0, 0.3, 0.0])
    return 1 / (1 + np.exp(-(base[:, None] + lift)))


def coverage(seeds: range, n: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Of each seed: the share of patients and arms whose effect, and whose level, its 90 % interval holds."""
    protocol = StudyProtocol.model_validate(
        {
            "name": "s",
            "records": {"patient_id": "p", "arm": "t"},
            "arms": {"reference": "a", "offered": ["b", "c"]},
            "outcome": {"column": "y", "direction": "lower_is_better", "unit": "points"},
            "effect_modifiers": ["x"],
        }
    )
    effects, levels = [], []
    for seed in seeds:
        data = binary_scores(n, seed, rate, slope=0.6 * rate * (1 - rate))
        averages = average_effects(data.scores, data.cluster, 0.9, variance_floor(data))
        served = serve(data, averages, protocol, ("a", "b", "c"), (), plain_and_rich(data.basis), DRAWS).effects
        found, covariance = served.at(data.features)
        level, variance = fit_level(data).at(data.features, found, covariance)
        truth = chance_of(data.modifiers, rate, 0.6 * rate * (1 - rate))
        errors = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        effects.append(np.mean(np.abs(found - truth + truth[:, :1])[:, 1:] <= Z * errors[:, 1:]))
        levels.append(np.mean(np.abs(level - truth) <= Z * np.sqrt(variance)))
    return np.array(effects), np.array(levels)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.5, 0.2, 0.05])
def test_effects_and_levels_are_covered_in_60_trials(rate: float) -> None:
    """The same in 60 trials of 1,500 patients, less 2 Monte Carlo errors."""
    for found in coverage(range(100, 160), 1500, rate):
        assert found.mean() >= 0.90 - 2 * found.std() / np.sqrt(len(found))


@pytest.mark.parametrize("rate", [0.35, 0.1])
def test_effects_and_levels_are_covered(rate: float) -> None:
    """Over 10 trials of 900 patients, 90 % intervals of effects and levels hold the truth in at least 90 % of patients
    (less 3 Monte Carlo errors of that mean), though it is a logistic curve and a yes may be rare.
    """
    for found in coverage(range(10), 900, rate):
        assert found.mean() >= 0.90 - 3 * found.std() / np.sqrt(len(found))


def rare(n: int, seed: int, rate: float) -> ScoredEpisodes:
    """Two arms of n patients each with this share of yes, and the difference of plain means as the score."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1], n)
    yes = (rng.random(2 * n) < rate).astype(float)
    means = np.array([yes[arm == k].mean() for k in (0, 1)])
    scores = np.tile(means, (2 * n, 1))
    scores[np.arange(2 * n), arm] += 2 * (yes - means[arm])
    half = np.full((2 * n, 2), 0.5)
    fold = (np.arange(2 * n) % 5).astype(np.int64)
    rows = np.arange(2 * n)
    one = np.ones((2 * n, 1))
    basis = linear_basis(1)
    return ScoredEpisodes(scores, one, arm, yes, np.tile(means, (2 * n, 1)), half, 2 * half, fold, rows, basis)


def test_no_event_is_no_certainty() -> None:
    """Forty patients without an event have an interval as a share of 1 in 42 would; common answers need no floor."""
    data = rare(40, 0, 0.0)
    np.testing.assert_allclose(variance_floor(data), (1 / 42) * (41 / 42) / 42)
    found = average_effects(data.scores, data.cluster, 0.9, variance_floor(data))
    assert found.standard_errors[1] == pytest.approx(np.sqrt(2 * (1 / 42) * (41 / 42) / 42))
    assert found.covariance[0, 0] == 0
    common = rare(40, 0, 0.5)
    assert not variance_floor(common).any()
    plain = average_effects(common.scores, common.cluster, 0.9)
    floored = average_effects(common.scores, common.cluster, 0.9, variance_floor(common))
    np.testing.assert_array_equal(floored.covariance, plain.covariance)


def test_rare_events_are_covered() -> None:
    """At 1, 3 and 8 % in arms of forty, 90 % intervals of no difference hold it in at least 90 % of 600 trials, less 3
    Monte Carlo errors; without the floor they would hold less at 8 % than this, or be of no width at all at 1 %.
    """
    for rate in (0.01, 0.03, 0.08):
        held = []
        for seed in range(600):
            data = rare(40, seed, rate)
            found = average_effects(data.scores, data.cluster, 0.9, variance_floor(data))
            held.append(abs(found.effects[1]) <= Z * found.standard_errors[1])
        assert np.mean(held) >= 0.90 - 3 * np.sqrt(0.09 / 600)
