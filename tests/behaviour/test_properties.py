"""What holds of the safety rules for any patient."""

from __future__ import annotations

import runpy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.cohort import Cohort
from data_contracts.errors import BadInput
from data_contracts.fact import load_facts
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Recommendation
from data_contracts.rule_file import load_rules
from engine.batch import recommend_cohort
from engine.decision import Decision
from engine.recommend import recommend

CLINIC = runpy.run_path(str(Path(__file__).with_name("clinic.py")))
POLICY, KNOWN, RULES = CLINIC["clinic"](), CLINIC["KNOWN"], load_rules()
ARMS = sorted(CLINIC["EFFECTS"])
DAY = date(2026, 6, 1)
CONTRAINDICATIONS = sorted(
    {
        condition.fact
        for rule in RULES.rules
        for case in rule.any_of
        for condition in case.all_of
        if condition.op == "is_yes"
    }
)
FURTHER_SOURCES = {"mdq_positive", "clinician_concern", *(name for name in KNOWN if "cssrs" in name)}
FACTS = st.dictionaries(
    st.sampled_from(sorted(CLINIC["SAID_NO"])), st.sampled_from(["yes", "no", None]), max_size=12
).flatmap(
    lambda answers: st.fixed_dictionaries(
        {
            "age": st.sampled_from([None, 20, 40, 61, 70, 130]),
            "phq9_item9": st.sampled_from([None, 0, 0, 0, 2]),
            "intolerances": st.sampled_from([None, "none", "sertraline", "tca; nuts"]),
            "phq9_week0": st.sampled_from([20, 20, 20, 15, 2, None]),
            "phq9_q9": st.sampled_from([None, None, None, 0, 1]),
            "sex": st.sampled_from(["female", "male", None]),
        }
    ).map(lambda others: answers | others)
)
Person = tuple[dict[str, Any], dict[str, int], tuple[str, ...]]
OF_PATIENT = ("patient_flags", "patient_asks")
SIGNED = ((), ("SI-01",), ("DET-01",), ("SI-01", "DET-01"))
DAYS = st.dictionaries(st.sampled_from(sorted(load_facts())), st.integers(-1, 400) | st.just(30_000), max_size=6)
PERSON = st.tuples(FACTS, DAYS, st.sampled_from(SIGNED))


def profile(
    values: dict[str, Any], days: dict[str, int] | None = None, name: str = "p", signed: tuple[str, ...] = ()
) -> Any:
    content: dict[str, Any] = {"patient_id": name, "values": KNOWN | values}
    content["as_of"] = {fact: DAY - timedelta(days=old) for fact, old in (days or {}).items()}
    content["acknowledgements"] = [{"by": "Dr Example", "rules": signed}] if signed else []
    return PatientProfile.model_validate(content)


def ask(values: dict[str, Any], days: dict[str, int] | None = None) -> Recommendation:
    return recommend(profile(values, days, signed=RULES.waiting), POLICY, RULES, DAY)


def order(answer: Recommendation) -> list[str]:
    return [advice.arm for advice in answer.arms if advice.rank]


@settings(max_examples=150)
@given(values=FACTS, fact=st.sampled_from(CONTRAINDICATIONS))
def test_a_contraindication_never_raises_an_arm(values: dict[str, Any], fact: str) -> None:
    """Against a no and against an unknown: no arm comes in, none changes its effect or its place among those left, and
    what was recommended stays so unless it falls away.
    """
    for before in ("no", None):
        without, with_it = ask(values | {fact: before}), ask(values | {fact: "yes"})
        left = order(with_it)
        assert set(left) <= set(order(without))
        assert left == [arm for arm in order(without) if arm in left]
        assert with_it.recommended in (without.recommended, None) or without.recommended not in left
        effects = {advice.arm: advice.effect for advice in without.arms}
        assert all(advice.effect in (effects[advice.arm], None) for advice in with_it.arms)
        flags = {advice.arm: set(advice.flags) for advice in without.arms}
        if with_it.safety.level != "refused":
            assert all(set(advice.flags) >= flags[advice.arm] for advice in with_it.arms)


@settings(max_examples=150)
@given(values=FACTS, fact=st.sampled_from(CONTRAINDICATIONS))
def test_an_unknown_fact_is_never_taken_for_a_no(values: dict[str, Any], fact: str) -> None:
    """Wherever a yes would change more than a no, not knowing asks for it, or has that arm checked before it is
    offered, also one of which nobody knows what it holds. Further sources of the same fact are left aside.
    """
    no, yes, unknown = (ask(values | {fact: answer}) for answer in ("no", "yes", None))
    if fact in FURTHER_SOURCES or unknown.safety.level == "refused":
        return
    asked = {name for finding in unknown.safety.findings for name in finding.missing}
    assert fact in asked or _fired_on_patient(yes) <= _fired_on_patient(no)
    for advice in unknown.arms:
        if advice.reason != "SAFETY" and yes.safety.level != "refused":
            more = set(_arm(yes, advice.arm).flags) - set(_arm(no, advice.arm).flags)
            assert fact in advice.check_first or not more


@settings(max_examples=150)
@given(values=FACTS, days=DAYS, hardly=st.sets(st.sampled_from(ARMS)), few=st.sets(st.sampled_from(ARMS)))
def test_no_rank_without_support_and_no_effect_without_its_interval(
    values: dict[str, Any], days: dict[str, int], hardly: set[str], few: set[str]
) -> None:
    """For any patient and support: an arm that a rule removes, or the records do not reach, is never ranked; what is
    shown of an effect has an interval around it and an estimand; and the same question has the same bytes.
    """
    policy = CLINIC["clinic"](hardly_ever=sorted(hardly), too_few=sorted(few))
    answer = recommend(profile(values, days, signed=RULES.waiting), policy, RULES, DAY)
    removed = {arm for one in answer.safety.findings if one.kind == "remove" for arm in one.arms}
    for advice in answer.arms:
        assert not (advice.rank and advice.reason)
        assert advice.rank is None or advice.arm not in hardly | few
        assert (advice.rank is None) == (advice.status != "offered")
        assert not (advice.rank and advice.arm in removed and advice.reason == "SAFETY")
        for interval in (advice.effect, advice.average):
            assert interval is None or interval.lower <= interval.estimate <= interval.upper
    assert answer.estimand
    assert 0 < answer.confidence < 1
    again = recommend(profile(values, days, signed=RULES.waiting), policy, RULES, DAY)
    assert again.model_dump_json() == answer.model_dump_json()


def _fired_on_patient(answer: Recommendation) -> set[str]:
    return {finding.rule for finding in answer.safety.findings if not finding.arms and not finding.missing}


def _arm(answer: Recommendation, name: str) -> ArmAdvice:
    return next(advice for advice in answer.arms if advice.arm == name)


@settings(max_examples=60)
@given(people=st.lists(PERSON, min_size=1, max_size=6), block=st.integers(1, 7))
def test_many_at_once_are_told_the_same(people: list[Person], block: int) -> None:
    """Level, status, reason, flags and what to check: each row of the table is what one patient alone is told."""
    profiles = [profile(values, days, f"p{at}", signed) for at, (values, days, signed) in enumerate(people)]
    names = sorted({name for one in profiles for name in one.values})
    cohort = Cohort(
        np.array([one.patient_id for one in profiles], dtype=object),
        {name: _column([one.values.get(name) for one in profiles]) for name in names},
        {},
        {
            rule: np.array(["Dr Example" if rule in signed else None for _, _, signed in people], dtype=object)
            for rule in RULES.waiting
        },
        {
            fact: np.array([str(one.as_of.get(fact, "NaT")) for one in profiles], dtype="datetime64[D]")
            for fact in load_facts()
            if any(fact in one.as_of for one in profiles)
        },
    )
    wanted = []
    for one in profiles:
        answer = recommend(one, POLICY, RULES, DAY)
        for advice in answer.arms:
            queries = list(dict.fromkeys(query.id for query in answer.queries))
            of_patient = [one for one in answer.safety.findings if not one.arms]
            fired = [one.rule for one in of_patient if not one.missing]
            asked = list(dict.fromkeys(fact for one in of_patient for fact in one.missing))
            told = (advice.flags, advice.check_first, queries, fired, asked)
            said = tuple("; ".join(things) or None for things in told)
            wanted.append((advice.arm, advice.status, advice.reason, answer.safety.level, *said))
    found: list[tuple[Any, ...]] = []
    blocks: list[tuple[Decision, dict[str, Any]]] = list(recommend_cohort(cohort, POLICY, RULES, block, DAY))
    for _, table in blocks:
        columns = ("arm", "status", "reason", "safety", "safety_flags", "check_first", "data_queries", *OF_PATIENT)
        found += zip(*(table[name].tolist() for name in columns), strict=True)
    assert found == wanted


def _column(values: list[Any]) -> Any:
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def test_a_day_without_a_clock_is_an_error() -> None:
    """A dated fact of which nobody can say how old it is, is told and not guessed at; the same in a cohort."""
    late = profile({}, {"maoi": 1})
    with pytest.raises(BadInput, match="clock"):
        recommend(late, POLICY, RULES)
    columns = {name: _column([value]) for name, value in KNOWN.items()}
    days = {"maoi": np.array([DAY + timedelta(days=1)], dtype="datetime64[D]")}
    cohort = Cohort(np.array(["p"], dtype=object), columns, {}, as_of=days)
    with pytest.raises(BadInput, match="clock"):
        list(recommend_cohort(cohort, POLICY, RULES))


def test_without_days_every_fact_is_current() -> None:
    """A record system that dates nothing is answered as if asked today."""
    assert recommend(profile({}), POLICY, RULES) == recommend(profile({}), POLICY, RULES, DAY)
