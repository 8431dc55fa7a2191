"""Other outcomes of an arm: told with their intervals where the primary effect is told, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.cohort import Cohort
from data_contracts.effects import ServedEffects
from data_contracts.interval import Interval
from data_contracts.profile import PatientProfile
from data_contracts.rule_file import load_rules
from data_contracts.secondary_outcome import SHARE, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel
from engine.batch import recommend_cohort
from engine.outcome_table import outcome_table
from engine.patient import read_patient
from engine.policy import Policy
from engine.recommend import recommend
from engine.stacked import SINGLE

OUTCOMES = (
    SecondaryOutcome(
        name="remission", unit=SHARE, kind="yes_no", role="remission", direction="higher_is_better", range=(0, 1)
    ),
    SecondaryOutcome(name="gad7", unit="GAD-7 points", kind="points", direction="lower_is_better", range=(0, 21)),
    SecondaryOutcome(
        name="dropout", unit=SHARE, kind="yes_no", role="dropout", direction="lower_is_better", range=(0, 1)
    ),
)
LEVELS = (0.3, 0.0, -0.2)
"""Of the mixture at the average patient, benefit scale."""

Build = Callable[..., Policy]


def with_outcomes(policy: Policy, scale: float = 0.1, seed: int = 0, levels: tuple[float, ...] = LEVELS) -> Policy:
    """The policy with three other outcomes whose effects are of this scale; the SSRI's vary with the patient."""
    rng = np.random.default_rng(seed)
    shape = policy.effects.coefficients.shape
    served = []
    for outcome, level in zip(OUTCOMES, levels, strict=True):
        coefficients, root = scale * rng.normal(size=shape), 0.3 * scale * rng.normal(size=(6, *shape))
        coefficients[0], root[:, 0], coefficients[1, 1:] = 0.0, 0.0, 0.0
        mixture = ServedLevel(
            np.array([level, 0.05, -0.05]), 0.02 * rng.normal(size=(4, shape[1])), rng.dirichlet(np.ones(shape[0]))
        )
        effects = ServedEffects(coefficients, root, np.array([False, False, True]))
        errors = np.diag([0.0, 0.01, 0.02])
        level_of = mixture if outcome.kind == "yes_no" else None
        served.append(SecondaryServed(outcome, effects, coefficients[:, 0], errors, level_of))
    manifest = policy.manifest.model_copy(update={"secondary": OUTCOMES})
    return replace(policy, manifest=manifest, secondary=tuple(served))


def inside(interval: Interval, low: float, high: float) -> bool:
    return low <= interval.lower <= interval.estimate <= interval.upper <= high


def test_numbers_are_those_served(policy, patient, rules):
    """Effect, interval and average equal the served effects' own, worked out outcome by outcome; so do the shares."""
    policy = with_outcomes(policy, scale=0.03, levels=(0.5, 0.0, -0.5))
    profile = patient(age=52.0, phq9_week0=18.0)
    terms = read_patient(profile, policy).terms
    answer = recommend(profile, policy, rules)
    for i, one in enumerate(policy.secondary):
        effects, covariance = one.effects.at(terms)
        errors = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        for advice in answer.arms:
            if advice.arm not in policy.manifest.ranked_arms:
                assert advice.outcomes == ()
                continue
            k, told = policy.manifest.ranked_arms.index(advice.arm), advice.outcomes[i]
            assert (told.outcome, told.unit) == (one.outcome.name, one.outcome.unit)
            ends = [effects[0, k] - policy.z * errors[0, k], effects[0, k] + policy.z * errors[0, k]]
            assert told.effect is not None
            assert [told.effect.estimate, told.effect.lower, told.effect.upper] == pytest.approx(
                [effects[0, k], *ends]
            )
            assert told.average is not None
            assert told.average.estimate == pytest.approx(one.average_effects[k])
            assert told.average.upper - told.average.estimate == pytest.approx(
                policy.z * np.sqrt(one.average_covariance[k, k])
            )
            assert told.individualised == (advice.arm == "ssri")
            if one.level is None:
                assert told.of_hundred is None
                continue
            levels, variance = one.level.at(terms, effects, covariance)
            assert told.of_hundred is not None
            assert told.of_hundred.estimate == pytest.approx(100 * one.outcome.sign * levels[0, k])
            half = told.of_hundred.upper - told.of_hundred.estimate
            assert half == pytest.approx(100 * policy.z * np.sqrt(variance[0, k]))


VALUES = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(18, 90),
        "phq9_week0": st.none() | st.floats(0, 27),
        "sex": st.sampled_from(["female", "male", "other"]),
        "phq9_item9": st.sampled_from([0.0, 2.0, None]),
        "cssrs_q4": st.sampled_from(["yes", "no", None]),
    }
)
EXCLUDED = st.sets(st.sampled_from(["usual_care", "cbt", "ssri"]), max_size=2)


@settings(max_examples=100)
@given(
    values=VALUES,
    excluded=EXCLUDED,
    scale=st.sampled_from([0.05, 0.5, 3.0]),
    level=st.sampled_from([-0.4, 0.0, 0.5, 1.2]),
    unreachable=st.booleans(),
)
def test_shown_with_intervals_where_the_primary_effect_is(build_policy, values, excluded, scale, level, unreachable):
    """Whoever asks: an effect comes with its interval, where the primary's does and nowhere else, within what can be.

    Shares stay between 0 and 100 of 100 and differ between arms by their effects.
    """
    support = ((-9.0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)) if unreachable else ((0, 0, 0, 0),) * 3
    policy = with_outcomes(build_policy(support=support), scale, levels=(level, 0.0, -level))
    profile = PatientProfile(patient_id="p", values=values, exclusions=dict.fromkeys(excluded, "reason"))
    arms = recommend(profile, policy, load_rules()).arms
    for advice in arms:
        assert len(advice.outcomes) == (3 if advice.average else 0)
        for one, told in zip(policy.secondary, advice.outcomes, strict=bool(advice.outcomes)):
            assert (told.effect is None) == (advice.effect is None)
            assert told.average is not None
            most = one.outcome.largest_effect
            assert inside(told.average, -most, most)
            assert told.effect is None or inside(told.effect, -most, most)
            assert told.of_hundred is None or (told.effect is not None and inside(told.of_hundred, 0, 100))
    for i, one in enumerate(policy.secondary):
        told = [advice.outcomes[i] for advice in arms if advice.outcomes and advice.outcomes[i].of_hundred]
        for first in told:
            for second in told:
                shares = (first.of_hundred.estimate - second.of_hundred.estimate) * one.outcome.sign
                assert shares == pytest.approx(100 * (first.effect.estimate - second.effect.estimate), abs=1e-9)


def test_no_shares_where_effects_lie_further_apart_than_shares_can(policy, patient, rules):
    """Effects that differ by more than all patients leave no share that would agree with them: none is told."""
    policy = with_outcomes(policy, scale=3.0)
    told = [advice.outcomes[0] for advice in recommend(patient(), policy, rules).arms if advice.outcomes]
    assert [one.of_hundred for one in told] == [None] * 3
    assert all(one.effect for one in told)


def test_certainty_is_never_made_by_the_bound(policy, patient, rules):
    """A share held at 0 keeps the width of its interval: it does not become a certain nought."""
    policy = with_outcomes(policy, scale=0.05, levels=(-0.5, 0.0, 0.5))
    for advice in recommend(patient(), policy, rules).arms:
        for told in advice.outcomes:
            if told.of_hundred:
                assert told.of_hundred.upper - told.of_hundred.lower > 1


def test_nothing_else_changes(policy, patient, rules):
    """All but the outcomes and what is said of them is, to the last bit, what a policy without other outcomes says."""
    for profile in (patient(), patient(phq9_item9=2.0), patient(age=None), patient({"cbt": "no"})):
        plain, more = (recommend(profile, one, rules) for one in (policy, with_outcomes(policy)))
        arms = []
        for one, beside in zip(plain.arms, more.arms, strict=True):
            assert beside.plain_sentence.startswith(one.plain_sentence)
            without = {"outcomes": (), "people": (), "plain_sentence": one.plain_sentence}
            arms.append(replace(beside, **without))
        assert more.model_copy(update={"arms": tuple(arms)}) == plain


def test_an_outcomes_other_numbers_do_not_matter_to_it(policy, patient, rules):
    """What is told of one outcome does not depend on which others there are, nor on their order."""
    policy = with_outcomes(policy)
    turned = replace(policy, secondary=policy.secondary[::-1])
    alone = replace(policy, secondary=policy.secondary[:1])
    answers = [recommend(patient(), one, rules).arms for one in (policy, turned, alone)]
    for first, second, third in zip(*answers, strict=True):
        for mine, other in zip(first.outcomes, second.outcomes[::-1], strict=True):
            assert mine.outcome == other.outcome
            assert numbers(mine) == pytest.approx(numbers(other), rel=1e-12)
        for mine, other in zip(first.outcomes[:1], third.outcomes, strict=True):
            assert numbers(mine) == pytest.approx(numbers(other), rel=1e-12)


def numbers(told: Any) -> list[float]:
    """Every number told of one outcome."""
    intervals = [interval for interval in (told.effect, told.average, told.of_hundred) if interval]
    return [value for one in intervals for value in numbers_of(one)]


def numbers_of(interval: Interval) -> list[float]:
    return [interval.estimate, interval.lower, interval.upper]


@settings(max_examples=50)
@given(contents=st.lists(st.tuples(VALUES, EXCLUDED), min_size=1, max_size=8), scale=st.sampled_from([0.05, 3.0]))
def test_every_row_is_what_one_patient_alone_is_told(build_policy, contents, scale):
    """Cell by cell the second table of a batch says of each patient, arm and outcome what one answer says: estimates
    to 1e-9, ends to what single precision leaves of an interval's width.
    """
    policy, rules = with_outcomes(build_policy(), scale), load_rules()
    profiles = [
        PatientProfile(patient_id=f"p{i}", values=values, exclusions=dict.fromkeys(excluded, "reason"))
        for i, (values, excluded) in enumerate(contents)
    ]
    rows = []
    for decision, table in recommend_cohort(cohort_of(profiles), policy, rules, block=3):
        found = outcome_table(decision, table)
        assert list(found)[:4] == ["patient_id", "arm", "outcome", "status"]
        assert set(table) < set(found)
        rows += [
            dict(zip(found, cells, strict=True)) for cells in zip(*(c.tolist() for c in found.values()), strict=True)
        ]
    answers = [(profile, advice) for profile in profiles for advice in recommend(profile, policy, rules).arms]
    assert len(rows) == 3 * len(answers)
    for at, row in enumerate(rows):
        profile, advice = answers[at // 3]
        assert (row["patient_id"], row["arm"], row["outcome"]) == (
            *(profile.patient_id, advice.arm),
            OUTCOMES[at % 3].name,
        )
        told = advice.outcomes[at % 3] if advice.outcomes else None
        for name, stem in (("effect", "effect"), ("average_effect", "average"), ("of_hundred", "of_hundred")):
            interval = getattr(told, stem, None)
            cells = [row[name], row[f"{stem}_lower"], row[f"{stem}_upper"]]
            wanted = [interval.estimate, interval.lower, interval.upper] if interval else [np.nan] * 3
            width = wanted[2] - wanted[1] if interval else 0.0
            assert cells[0] == pytest.approx(wanted[0], rel=1e-9, abs=1e-12, nan_ok=True)
            assert cells[1:] == pytest.approx(wanted[1:], rel=1e-9, abs=1e-12 + SINGLE * width, nan_ok=True)
        assert row["individualised"] == bool(told and told.individualised)
        assert row["recommended"] is None
        assert row["rank_lower"] is None


NAMES = ("age", "phq9_week0", "sex", "phq9_item9", "cssrs_q4", "decision_support_consent")


def cohort_of(profiles: list[PatientProfile]) -> Cohort:
    """The same patients as columns."""

    def column(name: str) -> Any:
        values = [profile.values.get(name) for profile in profiles]
        if name in ("sex", "cssrs_q4", "decision_support_consent"):
            return np.array(values, dtype=object)
        return np.array([np.nan if value is None else value for value in values], dtype=float)

    return Cohort(
        np.array([profile.patient_id for profile in profiles], dtype=object),
        {name: column(name) for name in NAMES},
        {arm: np.array([arm in profile.exclusions for profile in profiles]) for arm in ("usual_care", "cbt", "ssri")},
    )


def test_no_table_without_other_outcomes(policy, rules, known):
    """A policy that knows the primary outcome alone has no second table."""
    columns = {
        name: np.array([value] * 2, dtype=object if isinstance(value, str) else float) for name, value in known.items()
    }
    cohort = Cohort(np.array(["a", "b"], dtype=object), columns, {})
    ((decision, table),) = recommend_cohort(cohort, policy, rules)
    assert outcome_table(decision, table) == {}
