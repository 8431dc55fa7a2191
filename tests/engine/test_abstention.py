"""Why an arm has no rank, and what to do instead: each code has its sentence and its way out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_contracts.recommendation import Reason
from data_contracts.withdrawn_pair import WithdrawnPair
from engine.instead import FOR_ARM
from engine.recommend import recommend
from engine.sentences import AGAINST


def test_every_code_says_why_and_what_instead():
    """No reason is a dead end; a clinician's own exclusion needs no way out."""
    assert set(AGAINST) == set(Reason)
    assert set(FOR_ARM) == set(Reason) - {Reason.EXCLUDED}
    assert all(len(instead.sentence) > 20 for instead in FOR_ARM.values())


@pytest.mark.parametrize("reason", [Reason.CONFLICT, Reason.SENSITIVITY])
def test_the_manifest_can_hold_an_arm_back(policy, rules, patient, reason):
    """The best arm has no rank and no effect, the others are ranked without it, and its average stays to be seen."""
    held = replace(policy, manifest=policy.manifest.model_copy(update={"abstained": {"ssri": reason}}))
    answer = recommend(patient(), held, rules)
    ssri = next(advice for advice in answer.arms if advice.arm == "ssri")
    assert (ssri.reason, ssri.status, ssri.rank, ssri.effect) == (reason, "abstained", None, None)
    assert ssri.average is not None
    assert ssri.instead == FOR_ARM[reason]
    assert answer.recommended == "cbt"
    assert [advice.rank.upper for advice in answer.arms if advice.rank] == [1, 2]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"age": None}, "ask_patient"),
        ({"age": 90}, "guideline_order"),
        ({"decision_support_consent": None}, "ask_patient"),
        ({"decision_support_consent": "no"}, "guideline_order"),
        ({"cssrs_q4": "yes"}, "ask_person"),
        ({"phq9_item9": 1}, "assess_safety"),
        ({}, None),
    ],
)
def test_an_answer_without_a_rank_says_what_to_do(policy, rules, patient, change, kind):
    """Missing, strange, without consent, refused or waiting: the whole answer has a way out, and says it in words."""
    answer = recommend(patient(**change), policy, rules)
    assert (answer.instead and answer.instead.kind) == kind
    assert answer.instead is None or answer.instead.sentence in answer.sentences
    for advice in answer.arms:
        assert (advice.instead is not None) == (advice.status == "abstained")


def test_arms_that_all_were_excluded(policy, rules, patient):
    """Nothing is left to rank, and it is told so."""
    answer = recommend(patient(dict.fromkeys(policy.labels, "no")), policy, rules)
    assert answer.instead is not None
    assert answer.instead.kind == "ask_person"


def test_a_withdrawn_pair_is_never_told_apart(policy, rules, patient):
    """However far apart two arms lie, a pair that the design cannot compare shares its ranks, in either order."""
    before = {advice.arm: advice.rank for advice in recommend(patient(), policy, rules).arms}
    assert before["ssri"].upper < before["cbt"].lower
    pair = WithdrawnPair(arms=("cbt", "ssri"), equipoise=0.1, beyond_chance=0.0, column="age", reason="too unlike")
    for arms in (pair.arms, pair.arms[::-1]):
        told = policy.manifest.model_copy(update={"withdrawn": (pair.model_copy(update={"arms": arms}),)})
        answer = recommend(patient(), replace(policy, manifest=told), rules)
        after = {advice.arm: advice.rank for advice in answer.arms}
        assert after["ssri"].upper >= after["cbt"].lower
        assert any("count as tied" in sentence for sentence in answer.sentences)
