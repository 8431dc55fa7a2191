"""What an answer says of itself: the guideline, people, similar patients, contributions, and what nobody looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.kind import Kind
from data_contracts.meaning import Meaning
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Reason
from data_contracts.similar_groups import SimilarGroups
from data_contracts.therapy import load_therapies
from data_contracts.tipping_point import FirstChoice, TippingPoint
from engine import plain_templates
from engine.becomes import PATIENT
from engine.people import PLAINLY, hundreds_of, of_hundred
from engine.recommend import recommend


def _arm(answer: Any, name: str) -> Any:
    return next(advice for advice in answer.arms if advice.arm == name)


def test_no_word_of_a_difference_where_the_answer_follows_the_guideline(build_policy, rules, patient):
    """CBT best and first on the list for less severe depression: it says so."""
    view = recommend(patient(), build_policy(effects=(0, 3.0, 2.0)), rules).guideline
    assert not view.differs
    assert view.first == view.first_ranked == "cbt"
    assert "first too" in view.sentence


def test_a_better_arm_is_told_with_the_difference_and_its_interval(build_policy, rules, patient):
    """SSRI clearly better than CBT: the difference, with the interval of that one difference, is the reason."""
    view = recommend(patient(), build_policy(effects=(0, 1.0, 3.0)), rules).guideline
    assert view.differs
    assert view.severity == "less_severe"
    assert view.difference.estimate == pytest.approx(2.0)
    assert view.difference.upper - view.difference.estimate == pytest.approx(1.6448536 * 0.3 * 2**0.5)
    assert "does better than" in view.sentence
    assert "2.0 PHQ-9 points (90% interval +1.3 to +2.7)" in view.sentence


def test_a_tie_leaves_the_choice_to_the_guideline(build_policy, rules, patient):
    """Where records cannot tell the two apart, the sentence says that the guideline's order may decide."""
    answer = recommend(patient(), build_policy(effects=(0, 2.0, 2.3)), rules)
    assert answer.guideline.differs
    assert "cannot tell the two apart" in answer.guideline.sentence
    assert answer.guideline.sentence in answer.sentences


@pytest.mark.parametrize(
    ("change", "support", "why"),
    [
        ({"exclusions": {"cbt": "declined"}}, 0.0, "is excluded for this patient by the clinician"),
        ({}, -9.0, "patients like this one hardly ever got it"),
    ],
)
def test_why_the_guidelines_first_has_no_rank(build_policy, rules, patient, change, support, why):
    """Excluded or not supported: that is the reason, and no difference is made up for it."""
    policy = build_policy(support=((0, 0, 0, 0), (support, 0, 0, 0), (0, 0, 0, 0)))
    view = recommend(patient(**change), policy, rules).guideline
    assert view.differs
    assert view.first == "cbt"
    assert view.first_ranked == "ssri"
    assert view.difference is None
    assert why in view.sentence
    assert ("cbt" in view.order) == (not change)


def test_arms_that_share_a_place_in_the_list_do_not_differ_from_it(build_policy, rules, patient):
    """With one of two SSRIs excluded the other is as much the guideline's first: sentence and flag say the same."""
    policy = build_policy()
    arms = [arm.model_copy(update={"therapy": "SSRI"}) if arm.name == "cbt" else arm for arm in policy.manifest.arms]
    manifest = policy.manifest.model_copy(update={"arms": tuple(arms)})
    policy = replace(policy, manifest=manifest, therapies=dict.fromkeys(("cbt", "ssri"), load_therapies()["SSRI"]))
    for excluded in ("cbt", "ssri"):
        view = recommend(patient(exclusions={excluded: "declined"}), policy, rules).guideline
        assert not view.differs
        assert view.sentence.startswith("The guideline lists")
        assert "first too" in view.sentence


def test_a_list_that_was_not_read_says_so(build_policy, rules, patient):
    """The order for more severe depression is recalled; wherever it is used that is told."""
    severe = recommend(patient(phq9_week0=20), build_policy(), rules).guideline
    assert severe.severity == "more_severe"
    assert severe.verified == ("yet to be checked" not in severe.sentence)


def test_no_list_without_a_severity(build_policy, rules, patient):
    """Without a baseline score nobody can tell which list counts."""
    view = recommend(patient(phq9_week0=None), build_policy(), rules).guideline
    assert view.severity is None
    assert view.order == ()
    assert "cannot be told" in view.sentence


def test_held_back_ranks_are_not_told_by_the_guideline_either(build_policy, rules, patient):
    """While an acknowledgement is awaited the guideline's order stands alone; a refusal has none."""
    waiting = recommend(patient(phq9_item9=2), build_policy(), rules)
    assert waiting.safety.awaiting_acknowledgement
    assert not waiting.guideline.differs
    assert waiting.guideline.difference is None
    assert recommend(patient(age=16), build_policy(), rules).guideline is None


@settings(max_examples=80)
@given(
    effects=st.lists(st.floats(-4, 4), min_size=2, max_size=2),
    error=st.floats(0.05, 2),
    score=st.integers(5, 24),
    out=st.sets(st.sampled_from(["usual_care", "cbt", "ssri"])),
)
def test_the_answer_differs_with_a_reason_or_not_at_all(build_policy, rules, known, effects, error, score, out):
    """For any patient: it differs exactly if the recommended arm is not the guideline's first, and then says why."""
    policy = build_policy(effects=(0.0, *effects), error=error)
    values = known | {"phq9_week0": float(score)}
    asked = PatientProfile(patient_id="p", values=values, exclusions=dict.fromkeys(out, "declined"))
    answer = recommend(asked, policy, rules)
    view = answer.guideline
    places = policy.guideline.of_arms[view.severity]
    names = [arm.name for arm in policy.manifest.arms]
    place = dict(zip(names, places, strict=True))
    best = answer.recommended
    assert view.differs == (best is not None and place[best] > min(places))
    assert view.differs == ("This differs from the guideline" in view.sentence)
    if view.difference is not None:
        shown = _arm(answer, best).effect, _arm(answer, view.first_ranked).effect
        assert view.differs
        assert view.difference.estimate >= 0
        if None not in shown:
            assert view.difference.estimate == pytest.approx(shown[0].estimate - shown[1].estimate, abs=1e-9)


@settings(max_examples=80)
@given(age=st.floats(18, 80), score=st.floats(5, 27), slopes=st.lists(st.floats(-3, 3), min_size=4, max_size=4))
def test_contributions_add_up_for_anybody(build_policy, rules, known, age, score, slopes):
    """For any profile and slopes, average and contributions add up to each effect shown, to 1e-9."""
    policy = build_policy(slopes=((0, 0), (slopes[0], slopes[1]), (slopes[2], slopes[3])))
    asked = PatientProfile(patient_id="p", values=known | {"age": age, "phq9_week0": score})
    for advice in recommend(asked, policy, rules).arms:
        if advice.effect is not None:
            parts = sum(part.amount for part in advice.contributions)
            assert advice.average.estimate + parts == pytest.approx(advice.effect.estimate, abs=1e-9)
            assert bool(advice.because) == bool(advice.contributions)


def test_contributions_are_told_in_words(build_policy, rules, patient):
    """Which feature, which way, how much, in the outcome's unit."""
    policy = build_policy(slopes=((0, 0), (0.5, -0.7), (0, 0)))
    because = _arm(recommend(patient(age=61, phq9_week0=22), policy, rules), "cbt").because
    assert because.endswith("in PHQ-9 points: PHQ-9, week 0 takes away 1.4 and age adds 1.1.")


def _with_groups(policy: Any) -> Any:
    cells = np.zeros((3, 7, 5))
    cells[:2, 0] = [[200, 0.8, 0, 9.0, 5.0], [40, 30 / 40, 1, 8.0, 5.0]]
    cells[0, 1:3] = [[120, 0.8, 0, 7.0, 4.0], [80, 0.8, 0, 12.0, 4.0]]
    return replace(policy, groups=SimilarGroups(np.array([1.0, 0.0]), np.array([1.5 / 4, 0.05]), cells))


def test_similar_patients_are_told_as_observed(policy, rules, patient):
    """Counts and outcomes of the lowest group that an arm has, never as an effect; none where there are none."""
    answer = recommend(patient(), _with_groups(policy), rules)
    usual, cbt, ssri = (_arm(answer, name).similar for name in ("usual_care", "cbt", "ssri"))
    assert (usual.count, usual.who) == (120, "with PHQ-9, week 0 of 15 or less")
    assert usual.outcome.estimate == 7.0
    assert usual.outcome.upper - 7.0 == pytest.approx(1.6448536 * 4 / 96**0.5)
    assert (cbt.count, cbt.who, cbt.at_least) == (40, "of any kind", True)
    assert "at least 75%" in cbt.sentence
    assert "not adjusted for why they got it" in cbt.sentence
    assert ssri is None
    more = _arm(recommend(patient(phq9_week0=16), _with_groups(policy), rules), "usual_care").similar
    assert more.who == "with PHQ-9, week 0 of 16 or more"
    assert _arm(recommend(patient(), policy, rules), "cbt").similar is None


def test_overlap_is_told_in_words(build_policy, rules, patient):
    """Three arms as likely as each other: a third of such patients; nothing is said of an arm that is not offered."""
    answer = recommend(patient(exclusions={"cbt": "declined"}), build_policy(similar=33.0), rules)
    words = "about 33 of 100 patients like this one got it; at least 33 who were about as likely to get it did."
    assert _arm(answer, "ssri").overlap == f"In these records {words}"
    assert _arm(answer, "cbt").overlap == ""


def test_similar_patients_are_not_told_without_a_comparison(policy, rules, patient):
    """No number for an arm that is excluded, removed or refused."""
    answer = recommend(patient(exclusions={"cbt": "declined"}), _with_groups(policy), rules)
    assert _arm(answer, "cbt").similar is None
    assert all(advice.similar is None for advice in recommend(patient(age=16), _with_groups(policy), rules).arms)


def test_an_unmeasured_cause_was_not_assessed_until_a_study_did(policy, rules, patient):
    """Absent until then, and said so; afterwards how strong it would have to be."""
    assert any(
        "It was not assessed how strong a cause" in one for one in recommend(patient(), policy, rules).sentences
    )
    point = TippingPoint(better="ssri", worse="cbt", strength=1.5, benchmark="phq9_week0")
    assessed = replace(policy, manifest=policy.manifest.model_copy(update={"tipping_points": (point,)}))
    told = recommend(patient(), assessed, rules).sentences
    assert any("1.5 times as strong as PHQ-9, week 0" in one for one in told)
    assert not any("not assessed" in one for one in told)


def test_of_unmeasured_causes_the_nearest_arm_behind_is_told(policy, rules, patient):
    """One sentence for the arm that the weakest cause would bring first; those of a tie need none, and one says so."""
    answer = recommend(patient(), policy, rules)
    best = answer.recommended
    tied = {arm.arm for arm in answer.arms if arm.rank and arm.rank.in_top_set and arm.arm != best}
    behind = [arm.arm for arm in answer.arms if arm.rank and arm.arm not in tied and arm.arm != best]
    points = tuple(
        TippingPoint(
            better=best, worse=arm, strength=0.1 if arm in tied else 2.0 + at, benchmark="gad7", odds_ratio=1.3
        )
        for at, arm in enumerate([*behind, *tied])
    )
    assessed = replace(policy, manifest=policy.manifest.model_copy(update={"tipping_points": points}))
    told = " ".join(recommend(patient(), assessed, rules).sentences)
    assert told.count("times as strong as gad7, or if it changed anybody's odds of starting one of them 1.3-fold") == 1
    assert "2.0 times as strong" in told
    assert ("a weak cause that the records do not hold" in told) is bool(tied)


def test_of_the_patient_s_kinds_the_one_that_turns_most_easily_is_told(policy, rules, patient):
    """Only kinds that a given value tells, and only where their first choice is the answer's."""
    answer = recommend(patient(), policy, rules)
    best, score = answer.recommended, patient().values["phq9_week0"]
    tied = {arm.arm for arm in answer.arms if arm.rank and arm.rank.in_top_set}
    behind = next(arm.arm for arm in answer.arms if arm.rank and arm.arm not in tied)

    def choice(words, odds_ratio, first=best, **band):
        kind = Kind(words=words, column="phq9_week0", **band)
        return FirstChoice(kind=kind, first=first, next=behind, odds_ratio=odds_ratio)

    choices = (
        choice("such a score", 1.9, at_least=score),
        choice("nearly such a score", 1.6, at_least=score - 1, below=score + 1),
        choice("a lower score", 1.1, below=score),
        choice("another first choice", 1.1, first=behind, at_least=score),
        choice("no score", 1.1),
    )
    manifest = policy.manifest.model_copy(update={"tipping_points": (), "first_choices": choices})
    assessed = replace(policy, manifest=manifest)
    told = [one for one in recommend(patient(), assessed, rules).sentences if "Among patients with" in one]
    assert len(told) == 1
    assert "nearly such a score alone" in told[0]
    assert "1.6-fold" in told[0]
    assert "Among patients with" not in " ".join(recommend(patient(phq9_week0=None), assessed, rules).sentences)


def test_people_are_counted_outwards_and_only_where_shown():
    """Estimate and ends of 100 people, the reference beside it; the ends are rounded outwards."""
    (reference, here, untold) = hundreds_of(np.array([[[35.0, 30.0, 40.2]], [[48.2, 41.9, 54.1]], [[np.nan] * 3]]))
    told = of_hundred("", here, ["respond with CBT"], reference, "with usual care")
    assert told == ["48 (41 to 55) respond with CBT, 35 (30 to 41) with usual care."]
    assert of_hundred("About ", here, ["respond with CBT"], untold, "") == ["About 48 (41 to 55) respond with CBT."]
    assert of_hundred("", untold, ["respond with CBT"], reference, "with usual care") == []


def _grade(text: str) -> float:
    """Automated readability index (Smith and Senter 1967): the school grade that a text asks for; 7 is about 12."""
    words = re.findall(r"[A-Za-z0-9'-]+", text)
    sentences = max(1, len(re.findall(r"[.!?:](?:\s|$)", text)))
    letters = sum(len(word) for word in words)
    return 4.71 * letters / len(words) + 0.5 * len(words) / sentences - 21.43


TEMPLATES = {
    name: text for name, text in vars(plain_templates).items() if name.isupper() and isinstance(text, str)
} | {f"AGAINST {reason}": text for reason, text in plain_templates.AGAINST.items()}
RANGES = (
    r"PHQ-9|about \d+ [^.]*as little as \d+ or as much as \d+|as much as \d+ [^.]* better, or as much as \d+ worse"
)
EXAMPLE = {
    "name": "talking therapy", "names": "talking therapy and tablets", "reference": "usual care", "unit": "points",
    "size": 2.0, "low": 1, "high": 3,
}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_patient_of_twelve_can_read_it(name):
    """Every template for patients is at about reading age 12 (grade 7), and asks no one to read a long sentence."""
    text = TEMPLATES[name].format(**EXAMPLE)
    assert _grade(text) <= 7.5
    assert max(len(part.split()) for part in re.split(r"[.!?]", text)) <= 24


@pytest.mark.parametrize("does", [*PATIENT.values(), "have nausea"])
def test_a_patient_of_twelve_can_read_of_hundred_people(does):
    """What becomes of 100 people is at the same grade, for every outcome that has words and for a side effect."""
    numbers = ["48 (41 to 55)"]
    for head in (PLAINLY, "About "):
        (text,) = of_hundred(head, numbers, [f"{does} with it"], numbers, "with usual care")
        assert _grade(text) <= 7.5
        assert len(text.split()) <= 28  # Two numbers, each with its ends.


def test_every_reason_has_words_for_patients():
    """No arm goes without a sentence, whatever speaks against it."""
    assert set(plain_templates.AGAINST) == set(Reason)


def test_patients_read_no_score_that_is_not_a_difference(policy, rules, patient):
    """Patients' sentences hold no rank, no identifier and no bare number without its range."""
    answer = recommend(patient(), policy, rules)
    for text in (*answer.plain_sentences, *(advice.plain_sentence for advice in answer.arms)):
        assert "_" not in text
        assert not re.search(r"\d", re.sub(RANGES, "", text))
    assert _arm(answer, "ssri").plain_sentence.endswith(
        "The gap is about 3 PHQ-9 points, but it could be as little as 2 or as much as 4."
    )


def test_columns_are_called_what_the_protocol_says(build_policy, rules, patient):
    """In every sentence on a covariate its meaning stands, without the unit; the answer's own keys stay names."""
    policy = build_policy(slopes=((0, 0), (0.5, -0.7), (0, 0)))
    meanings = {"age": Meaning(words="age at referral", unit="years"), "sex": Meaning(words="sex on record")}
    point = TippingPoint(better="cbt", worse="usual_care", strength=1.5, benchmark="age")
    update = {"meanings": meanings, "tipping_points": (point,)}
    policy = replace(_with_groups(policy), manifest=policy.manifest.model_copy(update=update))
    answer = recommend(patient(age=61, phq9_week0=22, sex=None), policy, rules)
    assert "age at referral adds 1.1." in _arm(answer, "cbt").because
    assert "Not given, and filled as when learning: sex on record." in " ".join(answer.sentences)
    assert answer.missing == ("sex",)
    assert "PHQ-9, week 0 of 16 or more" in _arm(answer, "usual_care").similar.who
    without = recommend(patient(age=None), policy, rules)
    assert any("age at referral not given" in one for one in without.sentences)
