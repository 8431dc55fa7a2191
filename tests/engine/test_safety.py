"""Safety comes before any model, and an unknown fact is never an absent one."""

from __future__ import annotations

import pytest

from data_contracts.errors import BadInput
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Reason
from engine.recommend import recommend


@pytest.mark.parametrize(
    ("facts", "level", "waits"),
    [
        ({"phq9_item9": 0}, "none", False),
        ({"phq9_item9": 1}, "assess_first", True),
        ({"phq9_item9": 3}, "assess_first", True),
        ({"phq9_item9": None}, "assess_first", False),
        ({"cssrs_q4": "yes"}, "refused", False),
        ({"cssrs_q5": True}, "refused", False),
        ({"cssrs_q6_past_3_months": "Yes"}, "refused", False),
        ({"cssrs_q4": "no", "cssrs_q5": "no", "cssrs_q6_past_3_months": "no"}, "none", False),
        ({"cssrs_q4": "unknown"}, "none", False),
        ({"age": 17}, "refused", False),
        ({"age": 18}, "none", False),
        ({"age": None}, "assess_first", False),
        ({"phq9_item9": 2, "cssrs_q4": "yes"}, "refused", False),
    ],
)
def test_what_the_rules_say(policy, rules, patient, facts, level, waits):
    """Crisis level and minors are refused; item 9 asks for an assessment, waited for only from 1 up."""
    answer = recommend(patient(**facts), policy, rules)
    assert (answer.safety.level, answer.safety.awaiting_acknowledgement) == (level, waits)


@pytest.mark.parametrize(
    "others",
    [
        {"phq9_q9": 1},
        {"phq9_q9": "3"},
        {"PHQ-9 item 9": 2.0},
        {"phq9_week0_item9": 1},
        {f"phq9_q{at}": 2 for at in range(1, 10)},
        {"phq9_q9": 0, "phq9_week0_item9": 2},
    ],
)
@pytest.mark.parametrize("own", [None, "unknown"])
def test_an_item_under_another_name_raises_an_alarm(policy, rules, patient, others, own):
    """Thoughts of suicide that a record holds are never asked for as if nobody had told of them."""
    answer = recommend(patient(phq9_item9=own, **others), policy, rules)
    assert answer.safety.awaiting_acknowledgement
    assert answer.recommended is None


def test_an_item_under_another_name_never_calms(policy, rules, patient):
    """A 0 under another name is no answer, as nobody knows its day: item 9 is asked for. Nor is what is none."""
    for others in ({"phq9_q9": 0}, {"phq9_q9": 7}, {"phq9_q9": "often"}, {"phq9_q8": 3}, {"gad7_q7": 3}):
        answer = recommend(patient(phq9_item9=None, **others), policy, rules)
        assert (answer.safety.level, answer.safety.awaiting_acknowledgement) == ("assess_first", False)
    told = recommend(patient(phq9_item9=0, phq9_q9=0), policy, rules)
    assert told.safety.level == "none"


def test_a_refusal_holds_no_number(policy, rules, patient):
    """In a crisis there is no effect, no average, no rank and no recommendation."""
    answer = recommend(patient(cssrs_q5="yes"), policy, rules)
    assert answer.recommended is None
    for advice in answer.arms:
        assert advice.reason is Reason.SAFETY
        assert (advice.effect, advice.average, advice.rank, advice.expected_outcome) == (None, None, None, None)


def test_ranks_wait_for_a_named_clinician(policy, rules, patient):
    """With item 9 at 1 or more, ranks and recommendation stay empty until someone signs the assessment."""
    before = recommend(patient(phq9_item9=1), policy, rules)
    assert before.recommended is None
    assert all(advice.rank is None and not advice.recommended for advice in before.arms)
    after = recommend(patient(phq9_item9=1, by="Dr Example"), policy, rules)
    assert after.recommended == "ssri"
    assert after.safety.level == "assess_first", "the acknowledged finding stays in sight"


def test_an_acknowledgement_lifts_the_rules_it_names_and_no_other(policy, rules, patient):
    """Worsened and with thoughts of suicide, both have to be answered; each finding shows by whom."""
    worse = {"phq9_item9": 1, "in_treatment": "yes", "phq9_change": 6}
    one = PatientProfile.model_validate(
        patient(**worse).model_dump() | {"acknowledgements": [{"by": "Dr Example", "rules": ["SI-01"]}]}
    )
    answer = recommend(one, policy, rules)
    assert answer.safety.waiting == ("DET-01",)
    assert {f.rule: f.acknowledged_by for f in answer.safety.findings if f.kind == "acknowledge"} == {
        "SI-01": "Dr Example",
        "DET-01": None,
    }
    assert answer.recommended is None
    assert "acknowledged DET-01." in " ".join(answer.sentences)
    assert recommend(patient(by="Dr Example", **worse), policy, rules).recommended == "ssri"


@pytest.mark.parametrize("strange", ["SI-03", "NOT-01", "SI-02"])
def test_what_does_not_wait_cannot_be_acknowledged(policy, rules, patient, strange):
    """A refusal, a flag or a rule that is none: the error names the rules that can be."""
    profile = PatientProfile.model_validate(
        patient().model_dump() | {"acknowledgements": [{"by": "Dr Example", "rules": ["SI-01", strange]}]}
    )
    with pytest.raises(BadInput, match=r"acknowledgements: .*\(SI-01, DET-01\)"):
        recommend(profile, policy, rules)


def test_an_acknowledgement_never_lifts_a_refusal(policy, rules, patient):
    """A crisis is not signed away."""
    assert recommend(patient(cssrs_q4="yes", by="Dr Example"), policy, rules).safety.level == "refused"


def test_an_unknown_item_nine_asks_for_it_and_does_not_wait(policy, rules, patient):
    """The missing item is asked for before the ranking, which is shown all the same."""
    answer = recommend(patient(phq9_item9=None), policy, rules)
    assert answer.recommended == "ssri"
    assert answer.sentences[0] == answer.safety.findings[0].ask


def test_item_nine_of_zero_is_never_called_no_risk(policy, rules, patient):
    """Most who died by suicide had answered 0, so the answer says nothing of safety then."""
    text = " ".join(recommend(patient(phq9_item9=0), policy, rules).sentences).lower()
    assert "risk" not in text
    assert "safe" not in text
