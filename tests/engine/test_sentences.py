"""The answer read aloud: nothing twice, no contradiction, nothing about a ranking that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from data_contracts.fact import load_facts
from data_contracts.gate import Individualisation
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from data_contracts.rule import RuleSet
from data_contracts.rule_file import load_rules
from engine import plain_templates
from engine.joined import joined
from engine.policy import Policy
from engine.recommend import recommend

CHECKS = ("Please ask", "Check before offering")


def asked(answer: Recommendation) -> list[str]:
    """The facts that the answer asks for, in words, as often as it does."""
    told = [text for text in answer.sentences if text.startswith(CHECKS)]
    return [fact for text in told for fact in text.split(": ", 1)[1].rstrip(".").split("; ")]


@pytest.mark.parametrize("values", [{}, {"age": 40.0, "phq9_week0": 14.0, "decision_support_consent": "yes"}])
def test_a_fact_is_asked_for_once(policy: Policy, rules: RuleSet, values: dict[str, Any]) -> None:
    """However many therapies wait for it, and not again where a rule has asked for it in its own words."""
    answer = recommend(PatientProfile(patient_id="P", values=values), policy, rules)
    facts = asked(answer)
    assert len(facts) == len(set(facts)) > 10
    assert "PHQ-9 item 9" in answer.sentences[0]
    assert not any("item 9" in fact for fact in facts)
    assert sum("no longer current:" in text for text in answer.sentences) == 1


def test_a_long_list_of_checks_stands_after_the_ranking(policy: Policy, rules: RuleSet) -> None:
    """Who has three minutes reads how many facts are unknown, then the ranking, then which facts those are."""
    known: dict[str, Any] = {"age": 40.0, "phq9_week0": 14.0, "decision_support_consent": "yes"}
    answer = recommend(PatientProfile(patient_id="P", values=known), policy, rules)
    told = answer.sentences
    counted = next(at for at, text in enumerate(told) if "bear on what may be offered are not known" in text)
    ranked = next(at for at, text in enumerate(told) if "best estimate" in text or "does better than" in text)
    listed = [at for at, text in enumerate(told) if text.startswith(CHECKS)]
    assert told[counted].startswith(f"{len(asked(answer))} facts")
    assert counted < ranked < min(listed)


def test_few_checks_stand_before_the_ranking(policy: Policy, rules: RuleSet, patient: Callable[..., Any]) -> None:
    """What is asked for in a line or two is asked for first."""
    facts = {name: "no" for name, fact in load_facts().items() if fact.kind == "answer"}
    facts |= {"audit_c": 0.0, "creatinine_clearance": 90.0, "intolerances": "none", "decision_support_consent": "yes"}
    told = recommend(patient(**{**facts, "bipolar_disorder": None}), policy, rules).sentences
    assert told.index(next(text for text in told if text.startswith(CHECKS))) < next(
        at for at, text in enumerate(told) if "best estimate" in text or "does better than" in text
    )


def test_a_refusal_tells_of_no_ranking_to_come(policy: Policy, rules: RuleSet, patient: Callable[..., Any]) -> None:
    """At crisis level nobody reads that "the ranking follows"; the findings stay in the answer."""
    answer = recommend(patient(cssrs_q5="yes", phq9_item9=2.0), policy, rules)
    assert answer.safety.level == "refused"
    assert {"SI-01"} <= {finding.rule for finding in answer.safety.findings}
    assert "the ranking follows" not in " ".join(answer.sentences)


@pytest.mark.parametrize("why", [{"age": 16.0}, {"eating_disorder_active": "yes"}, {"decision_support_consent": "no"}])
def test_danger_is_told_whatever_refuses(
    policy: Policy, rules: RuleSet, patient: Callable[..., Any], why: dict[str, Any]
) -> None:
    """A minor, or whoever wants no such tool, with thoughts of suicide: read first, and nothing of a ranking."""
    told = recommend(patient(phq9_item9=3.0, **why), policy, rules).sentences
    assert told[0].startswith("There are signs of thoughts of suicide")
    assert "the ranking follows" not in " ".join(told)
    assert "No ranking is given." in told


def test_a_refusal_asks_of_danger_and_of_nothing_else(
    policy: Policy, rules: RuleSet, patient: Callable[..., Any]
) -> None:
    """Item 9 unknown is asked for before a refusal is told, but not of somebody who wants no such tool."""
    asked = recommend(patient(phq9_item9=None, age=16.0), policy, rules)
    assert [one.rule for one in asked.safety.findings] == ["SI-01", "AGE-01"]
    assert asked.sentences[0].startswith("How was PHQ-9 item 9")
    no = recommend(patient(phq9_item9=None, decision_support_consent="no"), policy, rules)
    assert [one.rule for one in no.safety.findings] == ["CONSENT-01"]


def test_a_no_is_no_danger(policy: Policy, rules: RuleSet, patient: Callable[..., Any]) -> None:
    """Whoever does not consent reads that, and not that their safety is in question."""
    answer = recommend(patient(decision_support_consent="no"), policy, rules)
    assert answer.plain_sentences == (plain_templates.SAID_NO,)
    assert recommend(patient(cssrs_q5="yes"), policy, rules).plain_sentences == (plain_templates.REFUSED,)


@pytest.mark.parametrize("held", [{"decision_support_consent": None}, {"phq9_item9": 2.0}])
def test_what_would_not_help_is_not_asked_for(
    policy: Policy, rules: RuleSet, patient: Callable[..., Any], held: dict[str, Any]
) -> None:
    """While ranks wait for a person, no feature "might allow a ranking"; key facts that are missing are named."""
    told = " ".join(recommend(patient(**held, age=None, sex=None), policy, rules).sentences)
    assert "might allow" not in told
    assert "No ranking for this patient: age not given" in told
    assert "No effect is individualised" not in told


def test_an_interval_off_zero_and_a_tie_do_not_contradict_each_other(
    build_policy: Callable[..., Policy], rules: RuleSet, patient: Callable[..., Any]
) -> None:
    """One difference may exclude 0 where all together tell nothing apart; the answer says by which it goes."""
    found = {}
    for gap in (0.1, 0.95):  # with a standard error of 0.5 one interval alone leaves 0 out from 0.82 on
        policy = build_policy(effects=(0.0, 2.0, 2.0 + gap), error=0.5 / 2**0.5)
        view = recommend(patient(phq9_week0=14.0), policy, rules).guideline
        assert view is not None
        assert view.difference is not None
        assert "cannot tell the two apart" in view.sentence
        found[view.difference.lower > 0] = "All comparisons taken together" in view.sentence
    assert found == {False: False, True: True}


def test_names_with_commas_stay_whole() -> None:
    """Three therapies read as three, also where a name has a comma of its own."""
    assert joined(["CBT, individual", "SSRI", "usual care"]) == "CBT, individual; SSRI; and usual care"
    assert joined(["CBT, individual", "SSRI"]) == "CBT, individual and SSRI"
    assert joined(["a", "b", "c"], "or") == "a, b or c"


def test_every_sentence_begins_as_one(policy: Policy, patient: Callable[..., Any]) -> None:
    """A capital or a figure first, and an end, for clinicians and for patients."""
    answer = recommend(patient(phq9_item9=None, sex=None), policy, load_rules())
    arms = [text for one in answer.arms for text in (one.sentence, one.plain_sentence, *one.people)]
    for text in (*answer.sentences, *answer.plain_sentences, *arms):
        assert re.match(r"[A-Z0-9].*[.)?]$", text, re.S), text


def test_advice_that_did_not_show_its_worth_is_said_so(
    build_policy: Callable[..., Policy], rules: RuleSet, patient: Callable[..., Any]
) -> None:
    """Where effects came true but the advice was withheld, the answer gives that reason and not the other."""
    policy = build_policy(effects=(0.0, 2.0, 2.5), error=0.5)
    decision = Individualisation(
        arm="cbt", individualised=False, slope=None, slope_lower=None, slope_upper=None, calibration_r2=None,
        effective=250, reason="As tested.", withheld=True,
    )  # fmt: skip
    withheld = replace(policy, manifest=policy.manifest.model_copy(update={"individualisation": (decision,)}))
    told = " ".join(recommend(patient(), withheld, rules).sentences)
    assert "advice made for each patient did not show its worth" in told
    assert "the records do not support that any differs" not in told
