"""What an answer says of randomised trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.arm_evidence import ArmEvidence, StudyEvidence, TrialFigure
from data_contracts.cohort import Cohort
from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import Reason
from engine.batch import recommend_cohort
from engine.benefit import benefit_text
from engine.policy import Policy
from engine.recommend import recommend

FIGURE = TrialFigure(
    table="made_up",
    version=1,
    therapy="CBT",
    pooled="",
    scale="hedges_g",
    estimate=0.4,
    standard_error=0.1,
    tau=0.3,
    trials=19,
    title="randomised trials against care as usual",
    population="adults with depression",
    comparator="care_as_usual",
    source="A. Author 2020",
    verified=True,
)


def arm_evidence(arm: str, verdict: str, z: float | None, **more: Any) -> ArmEvidence:
    content = {"arm": arm, "figure": FIGURE, "trials": Interval(estimate=2.0, lower=-0.5, upper=4.5)}
    if z is not None:
        content["local"] = Interval(estimate=3.0, lower=2.5, upper=3.5)
        content["pooled"] = None if verdict == "conflict" else Interval(estimate=2.9, lower=2.4, upper=3.4)
    return ArmEvidence.model_validate({**content, "verdict": verdict, "z": z, **more})


def with_evidence(policy: Policy, use: str, *arms: ArmEvidence) -> Policy:
    evidence = StudyEvidence.model_validate(
        {
            "use": use,
            "outcome_sd": 5.0,
            "outcome_sd_error": 0.1,
            "tau_bias": 0.14,
            "comparator_sd": 0.2,
            "population_sd": 0.0,
            "vague_weight": 0.2,
            "chi2": 1.0,
            "p": 0.6,
            "arms": arms,
        }
    )
    return dataclasses.replace(policy, manifest=policy.manifest.model_copy(update={"evidence": evidence}))


def test_what_rounds_to_nothing_has_no_minus(policy):
    """An end of -0.02 is written +0.0: a minus would say that the arm might do harm."""
    effect = Interval(estimate=1.0, lower=-0.02, upper=2.04)
    told = benefit_text(effect, policy.manifest.outcome.unit, "90% interval")
    assert told == "1.0 PHQ-9 points better (90% interval +0.0 to +2.0)"


@pytest.mark.parametrize("estimate", [0.0, -0.0, -0.04, 0.04])
def test_what_rounds_to_nothing_is_neither_better_nor_worse(estimate):
    """Whoever reads "0.0 points worse" reads of a harm that nobody saw."""
    told = benefit_text(Interval(estimate=estimate, lower=-0.3, upper=0.3), "points", "90% interval")
    assert told == "0.0 points better or worse (90% interval -0.3 to +0.3)"


@pytest.fixture
def ask(policy: Policy, rules: Any, patient: Callable[..., Any]) -> Callable[..., Any]:
    """Answer for a patient by the plain policy with this evidence."""

    def go(use: str, *arms: ArmEvidence, **values: Any) -> Any:
        return recommend(patient(**values), with_evidence(policy, use, *arms), rules)

    return go


def of(answer: Any, arm: str) -> Any:
    return next(advice for advice in answer.arms if advice.arm == arm)


def test_an_arm_tells_records_and_trials_apart(ask):
    """Its sentence has both figures with intervals, the number of trials, who took part, and that it is not ours."""
    told = of(ask("beside", arm_evidence("cbt", "agree", 0.5)), "cbt").evidence
    for part in (
        "2.0 PHQ-9 points better (90% interval -0.5 to +4.5)",
        "from 19 randomised trials",
        "population: adults with depression",
        "not from these records",
        "These records say 3.0 PHQ-9 points better (90% interval +2.5 to +3.5)",
        "no sign that they disagree",
    ):
        assert part in told.sentence
    assert "both together" not in told.sentence


def test_evidence_changes_no_number_of_the_answer(ask, policy, rules, patient):
    """Beside a policy's answers, trials only add: all else is the same."""
    plain = recommend(patient(), policy, rules)
    told = ask("beside", arm_evidence("cbt", "agree", 0.5))
    bare = tuple(replace(advice, evidence=None) for advice in told.arms)
    assert told.model_copy(update={"arms": bare}) == plain


def test_disagreement_is_said_in_the_answer(ask):
    """Beside: the arm keeps its rank, and the answer says that both disagree."""
    for verdict, z in (("disagree", 2.4), ("conflict", 4.0)):
        answer = ask("beside", arm_evidence("cbt", verdict, z))
        assert of(answer, "cbt").rank is not None
        assert any("disagree about" in sentence for sentence in answer.sentences)


def test_a_conflict_abstains_where_both_are_joined(ask):
    """Pooled: an arm whose records contradict trials has no rank and no effect, with its code; others keep theirs."""
    answer = ask("pooled", arm_evidence("cbt", "conflict", 4.0), arm_evidence("ssri", "agree", 0.1))
    cbt, ssri = of(answer, "cbt"), of(answer, "ssri")
    assert (cbt.status, cbt.reason, cbt.rank, cbt.effect) == ("abstained", Reason.CONFLICT, None, None)
    assert "contradict" in cbt.sentence
    assert ssri.rank is not None
    assert "both together 2.9" in ssri.evidence.sentence
    assert any("join these records with randomised trials" in sentence for sentence in answer.sentences)


def test_a_patient_without_overlap_keeps_that_reason(build_policy, rules, patient):
    """What the records lack comes before what they contradict; safety and the clinician come before both."""
    policy = with_evidence(build_policy(similar=0.0), "pooled", arm_evidence("cbt", "conflict", 4.0))
    assert of(recommend(patient(), policy, rules), "cbt").reason is Reason.TOO_FEW_SIMILAR
    other = with_evidence(build_policy(), "pooled", arm_evidence("cbt", "conflict", 4.0))
    excluded = recommend(patient({"cbt": "not wanted"}), other, rules)
    assert of(excluded, "cbt").reason is Reason.EXCLUDED


def test_an_arm_with_few_records_rests_on_trials_alone_without_rank(ask):
    """It has the trials' interval and a sentence that says so, and never a rank or an effect."""
    answer = ask("beside", arm_evidence("ipt", "trials_alone", None))
    ipt = of(answer, "ipt")
    assert ipt.evidence.trials == Interval(estimate=2.0, lower=-0.5, upper=4.5)
    assert "rests on trials alone" in ipt.evidence.sentence
    assert (ipt.rank, ipt.effect, ipt.recommended) == (None, None, False)
    assert any("only randomised trials speak of it" in sentence for sentence in answer.sentences)


def test_a_refusal_tells_no_trials(ask):
    """Where safety refuses any ranking, no effect of any kind is told."""
    answer = ask("beside", arm_evidence("cbt", "agree", 0.5), age=15)
    assert answer.safety.level == "refused"
    assert all(advice.evidence is None for advice in answer.arms)


def test_what_was_not_checked_says_so(ask):
    """A figure that is recalled is told as such."""
    recalled = FIGURE.model_copy(update={"verified": False})
    told = of(ask("beside", arm_evidence("cbt", "agree", 0.5, figure=recalled)), "cbt").evidence
    assert "has not been checked" in told.sentence


def test_dropout_stands_with_its_comparator(ask):
    """Odds of dropping out name what they are against, with their interval."""
    odds = Interval(estimate=1.2, lower=0.8, upper=1.8)
    placebo = FIGURE.model_copy(update={"comparator": "placebo"})
    told = of(ask("beside", arm_evidence("cbt", "agree", 0.5, dropout=odds, dropout_figure=placebo)), "cbt").evidence
    assert "Odds of dropping out in trials against placebo: 1.2 times (90% interval 0.8 to 1.8)." in told.sentence


def test_many_are_answered_as_one_is(policy, rules, patient, known):
    """The batch abstains by conflict too."""
    conflicting = with_evidence(policy, "pooled", arm_evidence("cbt", "conflict", 4.0))
    columns = {
        name: np.array([value, value], dtype=object if isinstance(value, str) else float)
        for name, value in known.items()
    }
    cohort = Cohort(np.array(["a", "b"], dtype=object), columns, {})
    ((_, table),) = recommend_cohort(cohort, conflicting, rules)
    told = [reason for arm, reason in zip(table["arm"], table["reason"], strict=True) if arm == "cbt"]
    assert told == ["CONFLICT"] * 2 == [of(recommend(patient(), conflicting, rules), "cbt").reason.value] * 2


def test_the_manifest_comes_back_whole(policy):
    """Through JSON and back nothing of the evidence is lost."""
    manifest = with_evidence(policy, "pooled", arm_evidence("cbt", "conflict", 4.0)).manifest
    assert PolicyManifest.model_validate_json(manifest.model_dump_json()) == manifest
