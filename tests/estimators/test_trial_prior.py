"""From published figures to what trials say of a study's arms, in its own unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data_contracts.protocol import TrialEvidence
from data_contracts.trial_evidence import LOG_ODDS_IN_SD, EvidenceTable
from estimators.trial_prior import OutcomeSpread, facts_for, outcome_spread, trial_prior

EXACT = OutcomeSpread(5.0, 0.0)
PLAIN = TrialEvidence(tau_bias=0.0)


def table(name: str = "trials", **changes: Any) -> EvidenceTable:
    content = {
        "name": name,
        "version": 1,
        "title": "trials",
        "population": "adults",
        "measures": "depression",
        "outcome": "symptoms",
        "scale": "hedges_g",
        "comparator": "care_as_usual",
        "tau": 0.3,
        "source": "A",
        "how": "B",
        "verified": True,
        "entries": [
            {"therapy": "CBT", "estimate": 0.5, "standard_error": 0.10, "trials": 9},
            {"therapy": "SSRI", "estimate": 0.3, "standard_error": 0.20, "trials": 9},
        ],
        "correlations": [{"therapies": ["CBT", "SSRI"], "value": 0.4}],
    }
    return EvidenceTable.model_validate(content | changes)


def facts(*tables: EvidenceTable, **therapies: str):
    return facts_for(therapies, tables or (table(),), ("symptoms", "response"))


def test_points_are_g_times_the_outcomes_spread():
    """Estimate, sampling and between-trial covariance are scaled by the standard deviation and its square."""
    names, prior = trial_prior(facts(a="CBT", b="SSRI"), "usual", "care_as_usual", PLAIN, EXACT)
    assert names == ("a", "b")
    np.testing.assert_allclose(prior.effects, [2.5, 1.5])
    np.testing.assert_allclose(prior.sampling, 25 * np.array([[0.01, 0.008], [0.008, 0.04]]))
    np.testing.assert_allclose(prior.between, 25 * 0.09 * np.array([[1, 0.5], [0.5, 1]]))
    assert (prior.unit, prior.bias.any()) == (25.0, False)


def test_the_spreads_own_error_is_in_the_covariance():
    """Drawing g, the true effect and the standard deviation at random gives the same covariance in points."""
    spread = OutcomeSpread(5.0, 0.6)
    _, prior = trial_prior(facts(a="CBT", b="SSRI"), "usual", "care_as_usual", PLAIN, spread)
    rng, draws = np.random.default_rng(1), 400_000
    noise = np.array([[0.01, 0.008], [0.008, 0.04]]) + 0.09 * np.array([[1, 0.5], [0.5, 1]])
    g = rng.multivariate_normal([0.5, 0.3], noise, draws)
    points = rng.normal(5.0, 0.6, draws)[:, None] * g
    np.testing.assert_allclose(np.cov(points.T), prior.predictive, rtol=0.015)
    exact = trial_prior(facts(a="CBT", b="SSRI"), "usual", "care_as_usual", PLAIN, EXACT)[1]
    assert (np.diag(prior.predictive) > np.diag(exact.predictive)).all()


def test_a_log_odds_ratio_becomes_g_first():
    """By √3/π, its error and tau alike."""
    odds = table(scale="log_odds_ratio", outcome="response")
    _, prior = trial_prior(facts(odds, a="CBT"), "usual", "care_as_usual", PLAIN, EXACT)
    assert prior.effects[0] == pytest.approx(5 * 0.5 * LOG_ODDS_IN_SD)
    assert prior.sampling[0, 0] == pytest.approx(25 * 0.01 * LOG_ODDS_IN_SD**2)
    assert prior.between[0, 0] == pytest.approx(25 * 0.09 * LOG_ODDS_IN_SD**2)


def test_a_therapy_as_reference_is_subtracted_with_its_error():
    """With SSRI as the study's reference, CBT's effect is the difference of both, correlation and all."""
    names, prior = trial_prior(facts(drug="SSRI", a="CBT"), "drug", None, PLAIN, EXACT)
    assert names == ("a",)
    assert prior.effects[0] == pytest.approx(5 * 0.2)
    assert prior.sampling[0, 0] == pytest.approx(25 * (0.01 + 0.04 - 2 * 0.008))
    assert prior.between[0, 0] == pytest.approx(25 * 0.09)


def test_another_comparator_widens():
    """Trials against placebo say less of an arm over usual care, and are wrong together."""
    placebo = table(comparator="placebo")
    same = trial_prior(facts(a="CBT", b="SSRI"), "usual", "care_as_usual", PLAIN, EXACT)[1]
    other = trial_prior(facts(placebo, a="CBT", b="SSRI"), "usual", "care_as_usual", PLAIN, EXACT)[1]
    np.testing.assert_allclose(other.between - same.between, 25 * 0.04 * np.ones((2, 2)))


def test_other_patients_and_bias_widen_each_contrast_and_share_the_reference():
    """Both enter as arms that differ independently: half of a contrast's variance is the reference's."""
    asked = TrialEvidence(tau_bias=0.2, population_sd=0.1)
    plain = trial_prior(facts(a="CBT", b="SSRI"), "usual", "care_as_usual", PLAIN, EXACT)[1]
    wide = trial_prior(facts(a="CBT", b="SSRI"), "usual", "care_as_usual", asked, EXACT)[1]
    shared = np.array([[1, 0.5], [0.5, 1]])
    np.testing.assert_allclose(wide.between - plain.between, 25 * 0.01 * shared)
    np.testing.assert_allclose(wide.bias, 25 * 0.04 * shared)


def test_the_first_table_with_the_therapy_counts():
    """A later table fills in what earlier ones do not hold."""
    first, second = table("first", entries=[table().entries[0]], correlations=[]), table("second")
    found = facts(first, second, a="CBT", b="SSRI", c="IPT")
    assert {arm: fact.table.name for arm, fact in found.items()} == {"a": "first", "b": "second"}
    prior = trial_prior(found, "usual", "care_as_usual", PLAIN, EXACT)[1]
    assert prior.sampling[0, 1] == 0.0


def test_the_spread_is_within_arms():
    """Differences between arms do not count; its error is that of a standard deviation of normal values."""
    rng = np.random.default_rng(2)
    arm = np.repeat([0, 1], 2000)
    outcome = rng.normal(size=4000) * 3 + 10 * arm
    outcome[::10] = np.nan
    found = outcome_spread(outcome, arm)
    assert found.sd == pytest.approx(3.0, abs=4 * found.error)
    assert found.error == pytest.approx(3.0 / np.sqrt(2 * 3598), rel=0.05)
