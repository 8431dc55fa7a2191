"""Trials beside the averages of a study: what is told, what is joined, and when nothing is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data_contracts.arm_evidence import StudyEvidence
from data_contracts.effects import AverageEffects
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.rank_sets import critical_value
from estimators.evidence import Weighed, weigh

ARMS = ("usual_care", "cbt", "ssri")
PROTOCOL: dict[str, Any] = {
    "name": "made",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual_care", "offered": ["cbt", "ssri", "ipt", "lamp"]},
    "outcome": {"column": "phq9_week12", "direction": "lower_is_better", "unit": "PHQ-9 points"},
    "effect_modifiers": ["age"],
}


def averages(*effects: float, error: float = 0.5) -> AverageEffects:
    k = len(effects) + 1
    covariance = np.zeros((k, k))
    covariance[1:, 1:] = error**2 * 0.5 * (np.eye(k - 1) + 1)
    found = np.array([0.0, *effects])
    return AverageEffects(found - 11, found, covariance, critical_value(covariance, 0.9))


def weighed(local: AverageEffects, ranked: tuple[str, ...] = ARMS, **changes: Any) -> Weighed:
    rng = np.random.default_rng(1)
    arm = np.repeat(np.arange(len(ranked)), 200)
    protocol = StudyProtocol.model_validate(PROTOCOL | changes)
    return weigh(ranked, protocol, local, rng.normal(-11, 5.0, len(arm)), arm)


def evidence(found: Weighed) -> StudyEvidence:
    assert found.evidence is not None
    return found.evidence


POOLED = {"trial_evidence": {"use": "pooled"}}


def test_beside_changes_nothing_that_is_served():
    """By default trials are shown and the records' averages are served to the last bit."""
    local = averages(2.0, 1.5)
    found = weighed(local)
    assert found.served is local
    assert evidence(found).use == "beside"
    assert [arm.arm for arm in evidence(found).arms] == ["cbt", "ssri", "ipt"]


def test_pooled_serves_what_it_tells():
    """The averages served are those told as pooled, they lie between both, and are no less sure than the records."""
    local = averages(2.0, 1.5)
    found = weighed(local, **POOLED)
    for k, arm in enumerate(evidence(found).arms[:2], start=1):
        assert arm.pooled is not None
        assert arm.pooled.estimate == pytest.approx(found.served.effects[k])
        low, high = sorted((local.effects[k], arm.trials.estimate))
        assert low - 0.05 <= found.served.effects[k] <= high + 0.05
    assert (found.served.standard_errors <= local.standard_errors).all()
    assert found.served.means[0] == local.means[0]
    np.testing.assert_allclose(found.served.means - found.served.means[0], found.served.effects)


def test_beside_and_pooled_tell_the_same_figures():
    """How they are used does not change local, trials, pooled or z."""
    one, other = evidence(weighed(averages(2.0, 1.5))), evidence(weighed(averages(2.0, 1.5), **POOLED))
    assert one.model_copy(update={"use": "pooled"}) == other


def test_an_arm_without_records_rests_on_trials_alone():
    """An arm that is not ranked from records has the trials' interval on the outcome's scale and nothing else."""
    alone = evidence(weighed(averages(2.0, 1.5))).arms[2]
    assert (alone.arm, alone.verdict, alone.local, alone.pooled, alone.z) == ("ipt", "trials_alone", None, None, None)
    assert alone.trials.lower < alone.trials.estimate < alone.trials.upper
    assert alone.figure.trials >= 3


def test_all_arms_may_rest_on_trials_alone():
    """With only an arm that no trial knows beside the reference, trials are told and nothing is joined."""
    found = weighed(averages(1.0), ("usual_care", "lamp"), **POOLED)
    assert {arm.verdict for arm in evidence(found).arms} == {"trials_alone"}
    assert evidence(found).chi2 is None
    np.testing.assert_array_equal(found.served.effects, averages(1.0).effects)


def test_conflict_is_told_and_not_joined():
    """Beyond three standard errors an arm stays the records'; between two and three it is said to disagree."""
    found = weighed(averages(14.0, 3.5), **POOLED)
    cbt, ssri, _ = evidence(found).arms
    assert (cbt.verdict, cbt.pooled) == ("conflict", None)
    assert ssri.verdict == "disagree"
    assert ssri.z is not None
    assert 2 < ssri.z < 3
    assert evidence(found).not_pooled == {"cbt"}
    assert evidence(weighed(averages(14.0, 3.5))).not_pooled == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"trial_evidence": {"use": "none"}},
        {"outcome": {"column": "gad7_week12", "direction": "lower_is_better", "unit": "GAD-7 points"}},
        {"outcome": {"column": "days", "direction": "lower_is_better", "unit": "days"}},
        {"arms": {"reference": "lamp", "offered": ["cbt", "ssri"]}},
        {"arms": {"reference": "usual_care", "offered": ["lamp", "walk"]}},
    ],
)
def test_nothing_is_said_where_nothing_can_be(changes):
    """Not asked for; another outcome than the trials'; a reference that trials do not know; no known therapy."""
    local = averages(2.0, 1.5)
    found = weighed(local, **changes)
    assert found.evidence is None
    assert found.served is local


def test_a_reference_may_be_told():
    """An arm whose name says nothing may stand for care as usual by the protocol's word."""
    arms = {
        "arms": {"reference": "lamp", "offered": ["cbt", "ssri"]},
        "trial_evidence": {"reference": "care_as_usual"},
    }
    told = evidence(weighed(averages(2.0, 1.5), ("lamp", "cbt", "ssri"), **arms))
    usual = evidence(weighed(averages(2.0, 1.5)))
    assert [arm.trials for arm in told.arms] == [arm.trials for arm in usual.arms[:2]]


def test_a_waiting_list_as_reference_widens():
    """Trials against care as usual say less of a benefit over a waiting list."""
    waiting = evidence(weighed(averages(2.0, 1.5), **{"trial_evidence": {"reference": "waiting_list"}})).arms[0].trials
    usual = evidence(weighed(averages(2.0, 1.5))).arms[0].trials
    assert waiting.upper - waiting.lower > usual.upper - usual.lower


def test_dropout_is_told_as_odds():
    """Odds against the dropout trials' comparator; wider where that is placebo and the reference is not."""
    cbt, ssri, _ = evidence(weighed(averages(2.0, 1.5))).arms
    assert cbt.dropout is not None
    assert cbt.dropout.lower < cbt.dropout.estimate < cbt.dropout.upper
    assert ssri.dropout_figure is not None
    assert ssri.dropout_figure.comparator == "placebo"


def test_unknown_tables_are_refused():
    """A table that there is not is bad input, told with those that there are."""
    with pytest.raises(BadInput, match="psychotherapy_symptoms"):
        weighed(averages(2.0, 1.5), **{"trial_evidence": {"tables": ["cochrane"]}})


def test_the_records_own_errors_are_those_told():
    """Local intervals are the study's own averages at its confidence."""
    local = averages(2.0, 1.5)
    told = evidence(weighed(local)).arms[0].local
    assert told is not None
    assert told.estimate == 2.0
    assert (told.upper - told.lower) / 2 == pytest.approx(1.6449 * local.standard_errors[1], rel=1e-4)
