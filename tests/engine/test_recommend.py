"""What a clinician gets from `recommend`, situation by situation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.errors import BadInput
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Reason
from data_contracts.rule_file import load_rules
from engine.recommend import recommend


def _arm(answer, name):
    return next(advice for advice in answer.arms if advice.arm == name)


def test_a_clear_case_names_one_arm(policy, rules, patient):
    """With effects well apart the best arm is recommended alone and ranks are certain."""
    answer = recommend(patient(), policy, rules)
    assert answer.recommended == "ssri"
    assert answer.tied_with == ()
    assert [(a.arm, a.rank.lower, a.rank.upper) for a in answer.arms if a.rank] == [
        ("ssri", 1, 1),
        ("cbt", 2, 2),
        ("usual_care", 3, 3),
    ]


def test_a_tie_is_shown_as_a_tie(build_policy, rules, patient):
    """Arms that the records cannot tell apart share the top set, and the answer says so."""
    answer = recommend(patient(), build_policy(effects=(0, 2.0, 2.3)), rules)
    assert answer.recommended == "ssri"
    assert answer.tied_with == ("cbt",)
    assert any("cannot tell" in sentence for sentence in answer.sentences)


def test_an_exact_tie_follows_the_guideline_not_the_column(build_policy, rules, patient):
    """Equal effects are ordered by the guideline: CBT before SSRI in less severe depression."""
    assert recommend(patient(), build_policy(effects=(0, 2.0, 2.0)), rules).recommended == "cbt"


def test_possible_heterogeneity_widens_the_effect_but_not_the_average(build_policy, rules, patient):
    """A constant served for one patient is less sure than the study's average, and its ranks are too."""
    answer = recommend(patient(), build_policy(heterogeneity=2.0), rules)
    ssri = _arm(answer, "ssri")
    assert ssri.effect.upper - ssri.effect.lower > 4 * (ssri.average.upper - ssri.average.lower)
    assert ssri.effect.estimate == ssri.average.estimate
    assert answer.tied_with == ("cbt", "usual_care")


def test_contributions_add_up_to_the_effect(build_policy, rules, patient):
    """Average plus the features' contributions is the effect shown, to 1e-9."""
    policy = build_policy(slopes=((0, 0), (0.5, -0.7), (0, 0)))
    cbt = _arm(recommend(patient(age=61, phq9_week0=22), policy, rules), "cbt")
    assert cbt.individualised
    assert cbt.average.estimate + sum(c.amount for c in cbt.contributions) == pytest.approx(
        cbt.effect.estimate, abs=1e-9
    )
    assert {c.feature: c.amount for c in cbt.contributions} == pytest.approx({"age": 1.05, "phq9_week0": -1.4})


def test_expected_outcomes_differ_by_the_effects(policy, rules, patient):
    """The outcome expected under an arm is the reference's less its benefit, inside the instrument's range."""
    answer = recommend(patient(), policy, rules)
    reference, ssri = _arm(answer, "usual_care").expected_outcome, _arm(answer, "ssri").expected_outcome
    assert reference.estimate - ssri.estimate == pytest.approx(_arm(answer, "ssri").effect.estimate)
    assert all(0 <= end <= 27 for end in (ssri.lower, ssri.upper, reference.lower, reference.upper))


def test_the_outcome_range_is_the_residuals_about_the_expectation(policy, rules, patient):
    """Residuals spread evenly over ±6 points: the range goes about 0.9 of that to either side of the expectation."""
    ssri = _arm(recommend(patient(), policy, rules), "ssri").expected_outcome
    assert ssri.estimate == pytest.approx(8)
    assert ssri.estimate - ssri.lower == pytest.approx(5.4, abs=0.2)
    assert ssri.upper - ssri.estimate == pytest.approx(5.4, abs=0.2)


def test_no_outcome_is_told_without_its_range(policy, rules, patient):
    """An arm with too few residuals has no expected outcome; its effect and rank stay, and the answer says why."""
    cells = policy.ranges.cells.copy()
    cells[2] = 0
    sparse = replace(policy, ranges=replace(policy.ranges, cells=cells))
    answer = recommend(patient(), sparse, rules)
    why = "No expected outcome is given under {}: too few such patients who got it were followed up."
    assert why.format(_arm(answer, "ssri").label) in answer.sentences
    assert not any("expected outcome" in sentence for sentence in recommend(patient(), policy, rules).sentences)
    ssri = _arm(answer, "ssri")
    assert ssri.expected_outcome is None
    assert ssri.effect is not None
    assert ssri.rank is not None
    assert _arm(answer, "cbt").expected_outcome is not None


def test_an_excluded_arm_is_never_ranked(policy, rules, patient):
    """The clinician's exclusion holds, and the next arm is recommended."""
    answer = recommend(patient(exclusions={"ssri": "previous reaction"}), policy, rules)
    assert answer.recommended == "cbt"
    assert _arm(answer, "ssri").status == "excluded"
    assert _arm(answer, "ssri").rank is None


def test_an_unknown_exclusion_is_an_error_with_a_suggestion(policy, rules, patient):
    """A misspelt arm must not pass as an exclusion that holds."""
    with pytest.raises(BadInput, match="Did you mean ssri"):
        recommend(patient(exclusions={"sri": "previous reaction"}), policy, rules)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age": None}, Reason.MISSING_KEY),
        ({"phq9_week0": None}, Reason.MISSING_KEY),
        ({"age": 95}, Reason.OUT_OF_POPULATION),
        ({"phq9_week0": 2}, Reason.OUT_OF_POPULATION),
        ({"sex": "intersex"}, Reason.OUT_OF_POPULATION),
    ],
)
def test_no_ranking_where_the_records_do_not_reach(policy, rules, patient, change, reason):
    """A missing key feature, a value out of range or a category never seen: no rank for any arm, with the reason."""
    answer = recommend(patient(**change), policy, rules)
    assert answer.recommended is None
    ranked_arms = [a for a in answer.arms if a.arm != "ipt"]
    assert {a.reason for a in ranked_arms} == {reason}
    assert all(a.effect is None and a.rank is None for a in answer.arms)
    assert policy.words[next(iter(change))] in " ".join(answer.sentences)
    assert all(a.average is not None for a in ranked_arms), "the average ranking stays as what to fall back on"


def test_a_missing_confounder_is_named_and_filled(policy, rules, patient):
    """Only effect modifiers are key; a missing confounder is filled as when learning, and said."""
    answer = recommend(patient(sex=None), policy, rules)
    assert answer.recommended == "ssri"
    assert answer.missing == ("sex",)


def test_an_arm_that_such_patients_never_got_is_not_compared(build_policy, rules, patient):
    """Without overlap an arm abstains, and the ranking goes on among the others."""
    policy = build_policy(support=((0, 0, 0, 0), (0, 0, 0, 0), (-9, 0, 0, 0)))
    answer = recommend(patient(), policy, rules)
    assert answer.recommended == "cbt"
    assert _arm(answer, "ssri").reason is Reason.NON_OVERLAP


def test_an_arm_with_too_few_similar_patients_is_not_compared(build_policy, rules, patient):
    """Where fewer than 11 similar patients got an arm there is no rank for it, and the sentence says why."""
    answer = recommend(patient(), build_policy(similar=0.0), rules)
    assert answer.recommended is None
    assert {advice.reason for advice in answer.arms} == {Reason.TOO_FEW_SIMILAR}
    assert "fewer than 11 patients" in _arm(answer, "ssri").sentence
    assert "12 episodes are too few" in _arm(answer, "ipt").sentence


def test_without_support_for_the_reference_no_effect_over_it_is_shown(build_policy, rules, patient):
    """Arms can still be ranked among themselves, but a benefit over the reference would be extrapolated."""
    policy = build_policy(support=((-9, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)))
    answer = recommend(patient(), policy, rules)
    assert answer.recommended == "ssri"
    assert all(advice.effect is None for advice in answer.arms)


def test_a_thin_arm_is_not_ranked_from_records(policy, rules, patient):
    """An arm with 12 episodes stands in the answer, without numbers, and says why."""
    thin = _arm(recommend(patient(), policy, rules), "ipt")
    assert (thin.status, thin.reason, thin.effect, thin.average) == ("abstained", Reason.TOO_FEW_SIMILAR, None, None)


def test_arms_of_one_therapy_are_told_apart(policy, rules, patient):
    """Two SSRI arms never read "SSRI antidepressant and SSRI antidepressant": each has its own name beside it."""
    arms = tuple(
        arm.model_copy(update={"therapy": "SSRI", "name": f"{arm.name}_line"}) if arm.name in ("cbt", "ssri") else arm
        for arm in policy.manifest.arms
    )
    ssri = policy.therapies["ssri"]
    two = replace(
        policy,
        manifest=policy.manifest.model_copy(update={"arms": arms}),
        therapies={"cbt_line": ssri, "ssri_line": ssri},
    )
    answer = recommend(patient(), two, rules)
    labels = [advice.label for advice in answer.arms]
    assert len(set(labels)) == len(labels)
    assert f"{ssri.name} (ssri line)" in labels
    told = [advice.plain_sentence.split(":")[0] for advice in answer.arms]
    assert len(set(told)) == len(told)


def test_text_where_a_number_is_due_is_an_error_without_the_value(policy, rules, patient):
    """The message names the feature, never what was typed."""
    with pytest.raises(BadInput) as caught:
        recommend(patient(age="Zebedee"), policy, rules)
    assert "age" in str(caught.value)
    assert "Zebedee" not in str(caught.value)


def test_every_answer_says_that_no_trial_exists(policy, rules, patient):
    """Whatever else is said."""
    for profile in (patient(), patient(age=12), patient(age=None), patient(phq9_item9=2)):
        assert "No randomised trial" in recommend(profile, policy, rules).sentences[-1]


VALUES = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 120),
        "phq9_week0": st.none() | st.integers(0, 27).map(float),
        "sex": st.none() | st.sampled_from(["female", "male", "other"]),
        "phq9_item9": st.none() | st.integers(0, 3).map(float),
        "cssrs_q4": st.none() | st.sampled_from(["yes", "no", "unknown"]),
    }
)


@settings(max_examples=200)
@given(
    values=VALUES,
    excluded=st.sets(st.sampled_from(["usual_care", "cbt", "ssri", "ipt"])),
    effects=st.tuples(st.just(0.0), st.floats(-4, 4), st.floats(-4, 4)),
    support=st.tuples(*[st.sampled_from([0.0, -9.0])] * 3),
)
def test_what_holds_for_any_patient(build_policy, known, values, excluded, effects, support):
    """Never a removed or unsupported arm ranked, never an effect without interval, and the same answer twice."""
    policy = build_policy(effects=effects, support=tuple((s, 0, 0, 0) for s in support))
    content = {"patient_id": "p", "values": known | values, "exclusions": dict.fromkeys(excluded, "reason")}
    profile = PatientProfile.model_validate(content)
    answer = recommend(profile, policy, load_rules())
    assert answer.model_dump_json() == recommend(profile, policy, load_rules()).model_dump_json()
    for advice in answer.arms:
        assert not (advice.arm in excluded and advice.rank)
        assert (advice.reason is None) == (advice.status == "offered")
        assert advice.rank is None or advice.status == "offered"
        if advice.effect:
            assert advice.effect.lower <= advice.effect.estimate <= advice.effect.upper
        if advice.expected_outcome:
            assert 0 <= advice.expected_outcome.lower <= advice.expected_outcome.upper <= 27
    ranked = [advice for advice in answer.arms if advice.rank]
    assert sum(advice.recommended for advice in answer.arms) == (1 if ranked else 0)
    if ranked:
        assert any(advice.rank.in_top_set and advice.recommended for advice in ranked)
        np.testing.assert_array_less([0] * len(ranked), [advice.rank.lower for advice in ranked])
