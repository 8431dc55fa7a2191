"""What contradicts itself is asked about; until then the stricter reading holds, and the model does not see it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from data_contracts.cohort import Cohort
from data_contracts.profile import PatientProfile
from engine.batch import recommend_cohort
from engine.recommend import recommend

TODAY = date(2026, 6, 1)


def ask(policy: Any, rules: Any, patient: Any, days: dict[str, date] | None = None, **values: Any) -> Any:
    content = patient(**values).model_dump() | {"as_of": days or {}}
    return recommend(PatientProfile.model_validate(content), policy, rules, TODAY)


@pytest.mark.parametrize(
    ("values", "query", "about", "level"),
    [
        ({"age": 130}, "DATA-AGE", ("age",), "assess_first"),
        ({"age": -1}, "DATA-AGE", ("age",), "assess_first"),
        ({"phq9_item9": 3, "phq9_week0": 2}, "DATA-TOTAL", ("phq9_item9", "phq9_week0"), "assess_first"),
        ({"phq9_item9": 0, "phq9_q9": 2}, "DATA-TWICE", ("phq9_item9", "phq9_q9"), "assess_first"),
        ({"phq9_item9": 2, "phq9_q9": 0}, "DATA-TWICE", ("phq9_item9", "phq9_q9"), "assess_first"),
        ({"phq9_total": 20}, "DATA-TOTALS", ("phq9_total", "phq9_week0"), "none"),
        ({"phq9_item1": 7}, "DATA-SCALE", ("phq9_item1",), "none"),
        ({"pregnant": "yes", "sex": "male"}, "DATA-PREG-01", ("pregnant", "sex"), "none"),
        (
            {"cssrs_q6_past_3_months": "yes", "cssrs_q6_lifetime": "no"},
            "DATA-SI-01",
            ("cssrs_q6_lifetime", "cssrs_q6_past_3_months"),
            "refused",
        ),
    ],
)
def test_a_contradiction_is_asked_about(policy, rules, patient, values, query, about, level):
    """It names what to check and no value, stands among the sentences, and no doubtful no counts as a no."""
    answer = ask(policy, rules, patient, **values)
    (found,) = answer.queries
    assert (found.id, found.about, answer.safety.level) == (query, about, level)
    assert any(found.sentence in sentence and found.check in sentence for sentence in answer.sentences)
    assert not any(str(value) in f"{found.sentence}{found.check}" for value in values.values() if value != "male")
    assert not set(values) & set(answer.unused)


def test_item_nine_in_two_ways_waits_as_the_graver_says(policy, rules, patient):
    """0 in the record and 2 in the list of items, or the other way round: safety is assessed first, and waited for."""
    for given in ({"phq9_item9": 0, "phq9_q9": 2}, {"phq9_item9": 2, "phq9_q9": 0}):
        answer = ask(policy, rules, patient, **given)
        assert answer.safety.waiting == ("SI-01",)


def test_pregnancy_rules_hold_while_the_sex_is_in_doubt(build_policy, rules, patient):
    """Pregnant and male recorded: the drug arm is flagged and abstains as for any pregnant patient."""
    answer = ask(build_policy(), rules, patient, pregnant="yes", sex="male")
    ssri = next(advice for advice in answer.arms if advice.arm == "ssri")
    assert (ssri.flags, ssri.reason) == (("SEV-01", "PREG-01", "PREG-03"), "TOO_FEW_SIMILAR")
    assert "sex" in answer.missing


@pytest.mark.parametrize("sex", ["male", "man"])
def test_what_is_in_doubt_gives_no_arm_a_rank(build_policy, rules, patient, sex):
    """Men hardly ever got CBT, the records know no "man": a pregnancy that puts the sex in doubt brings no arm in."""
    policy = build_policy(support=((0, 0, 0, 0), (0, 0, 0, -9.0), (0, 0, 0, 0)))
    answers = [ask(policy, rules, patient, sex=sex, pregnant=pregnant) for pregnant in ("no", None, "yes")]
    assert answers[2].queries
    for answer in answers:
        assert next(advice for advice in answer.arms if advice.arm == "cbt").rank is None
    (table,) = (table for _, table in recommend_cohort(pregnant_of(sex), policy, rules, today=TODAY))
    assert table["reason"].tolist() == [advice.reason for advice in answers[2].arms]


def pregnant_of(sex: str) -> Cohort:
    """One patient of ``KNOWN``'s values, pregnant and of this sex, as columns."""
    values = {"phq9_item9": 0.0, "phq9_week0": 14.0, "age": 40.0}
    texts = {"sex": sex, "pregnant": "yes", "decision_support_consent": "yes"}
    columns = {name: np.array([value]) for name, value in values.items()}
    return Cohort(
        np.array(["p1"], dtype=object),
        columns | {name: np.array([text], dtype=object) for name, text in texts.items()},
        {},
        {},
    )


@pytest.mark.parametrize(
    ("total", "days", "flagged", "asked"),
    [
        (20, None, True, True),
        (20, 0, True, True),
        (20, 3, False, False),
        (14, None, True, False),
        (None, None, True, False),
    ],
)
def test_two_totals_of_one_moment_are_asked_about(policy, rules, patient, total, days, flagged, asked):
    """Less severe by the score at the start and more by the total: the stricter holds, neither is ranked by. A total
    of an earlier day may differ.
    """
    as_of = {} if days is None else {"phq9_total": TODAY - timedelta(days=days)}
    answer = ask(policy, rules, patient, as_of, phq9_total=total)
    assert [query.id for query in answer.queries] == (["DATA-TOTALS"] if asked else [])
    ssri = next(advice for advice in answer.arms if advice.arm == "ssri")
    assert (("SEV-01" in ssri.flags), ssri.reason == "MISSING_KEY") == (flagged, asked)
    column = np.array([np.nan if total is None else float(total)])
    values = {"phq9_item9": 0.0, "phq9_week0": 14.0, "age": 40.0}
    cohort = Cohort(
        np.array(["p1"], dtype=object),
        {name: np.array([value]) for name, value in values.items()}
        | {"sex": np.array(["female"], dtype=object), "decision_support_consent": np.array(["yes"], dtype=object)}
        | {"phq9_total": column},
        {},
        {},
        {fact: np.array([day], dtype="datetime64[D]") for fact, day in as_of.items()},
    )
    (table,) = (table for _, table in recommend_cohort(cohort, policy, rules, today=TODAY))
    assert table["reason"].tolist() == [advice.reason for advice in answer.arms]


def test_a_baseline_in_doubt_is_not_ranked_by(policy, rules, patient):
    """Answers that do not add up to the total: the key feature counts as not given."""
    answer = ask(policy, rules, patient, phq9_item9=1, phq9_week0=27, phq9_item1=0)
    assert answer.missing == ("phq9_week0",)
    assert {advice.reason for advice in answer.arms if advice.arm != "ipt"} == {"MISSING_KEY"}
    assert next(advice for advice in answer.arms if advice.arm == "ssri").check_first.count("phq9_total") == 1


@pytest.mark.parametrize(
    ("fact", "days", "query"),
    [
        ("long_qt", -2, "DATA-FUTURE"),
        ("long_qt", -1, None),
        ("bipolar_disorder", 42 * 366, "DATA-BIRTH"),
        ("long_qt", 30, None),
    ],
)
def test_a_day_that_cannot_be(policy, rules, patient, fact, days, query):
    """A no of a day that has come nowhere is no no: it is asked again. East of Greenwich tomorrow has begun. A yes
    that is dated before birth holds all the same.
    """
    value = "yes" if query == "DATA-BIRTH" else "no"
    values = {"past_mania": "no", "bipolar_disorder": "no", "qt_prolonging_drug": "no", fact: value}
    answer = ask(policy, rules, patient, {fact: TODAY - timedelta(days=days)}, **values)
    assert [found.id for found in answer.queries] == ([query] if query else [])
    ssri = next(advice for advice in answer.arms if advice.arm == "ssri")
    assert ("long_qt" in ssri.check_first) == (query == "DATA-FUTURE")
    assert ("BIP-01" in ssri.flags) == (query == "DATA-BIRTH")
