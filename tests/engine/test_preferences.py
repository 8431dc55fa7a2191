"""Preferences: a ranking by utility beside the ranking by effects, which it never changes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_contracts.effects import ServedEffects
from data_contracts.errors import BadInput
from data_contracts.manifest import PolicyManifest
from data_contracts.preference_ranking import ArmPreference, PreferenceRanking
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from data_contracts.rule_file import load_rules
from data_contracts.secondary_outcome import SHARE, Role, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed
from engine.policy import Policy
from engine.recommend import recommend

RULES = load_rules()
ROUNDING = 1e-9


def other_outcome(
    role: Role, values: tuple[float, ...], error: float, side_effect: str | None = None
) -> SecondaryServed:
    """A yes or no that is better avoided, with constant effects."""
    k = len(values)
    outcome = SecondaryOutcome(
        name=side_effect or role,
        unit=SHARE,
        kind="yes_no",
        role=role,
        side_effect=side_effect,
        direction="lower_is_better",
        range=(0, 1),
    )
    return SecondaryServed(outcome, served(values, error), np.array(values), np.diag([error**2] * k))


def served(values: tuple[float, ...], error: float) -> ServedEffects:
    """Constant effects, each with this standard error and independent of the others."""
    k = len(values)
    root = np.zeros((k, k, 3))
    root[np.arange(1, k), np.arange(1, k), 0] = error
    return ServedEffects(np.column_stack([values, np.zeros((k, 2))]), root, np.zeros(k, dtype=bool))


def with_outcomes(
    policy: Policy,
    dropout: tuple[float, ...] = (0.0, 0.1, -0.1),
    nausea: tuple[float, ...] = (0.0, 0.0, -0.2),
    error: float = 0.03,
) -> Policy:
    """The policy with two other outcomes: of 1 in 10 fewer who drop out, a benefit of 0.1."""
    others = other_outcome("dropout", dropout, error), other_outcome("side_effect", nausea, error, "nausea")
    return replace(policy, secondary=others)


def profile_of(known: Mapping[str, Any], weights: Mapping[str, Any] | None, **change: Any) -> PatientProfile:
    """A patient with these weights."""
    return PatientProfile.model_validate(
        {"patient_id": "p", "values": dict(known), "preferences": weights and nested(weights)} | change
    )


def nested(weights: Mapping[str, float]) -> dict[str, Any]:
    """Weights by key as a profile holds them."""
    plain: dict[str, Any] = {key: weight for key, weight in weights.items() if not key.startswith("side_effects.")}
    kinds = {key.removeprefix("side_effects."): weight for key, weight in weights.items() if key not in plain}
    return plain | {"side_effects": kinds}


def preference_of(answer: Recommendation) -> PreferenceRanking:
    """The ranking by utility, which is there."""
    assert answer.preference is not None
    return answer.preference


def arm_of(ranking: PreferenceRanking, name: str) -> ArmPreference:
    """One arm of it."""
    return next(one for one in ranking.arms if one.arm == name)


POINTS = st.integers(-300, 300).map(lambda number: number * 2**0.5 / 100)
SHARES = st.integers(-400, 400).map(lambda number: number / 1000)
EFFECT = st.sampled_from([-1.0, 0.0, 1.0, 2.0, 2.0 + 2**-50]) | POINTS
WORLDS = st.fixed_dictionaries(
    {
        "effects": st.tuples(st.just(0.0), EFFECT, EFFECT),
        "slopes": st.tuples(st.just((0.0, 0.0)), *[st.sampled_from([(0.0, 0.0), (0.5, -0.7)])] * 2),
        "error": st.sampled_from([0.0, 0.3, 1.0]),
        "heterogeneity": st.sampled_from([0.0, 1.0]),
        "support": st.tuples(*[st.sampled_from([(0, 0, 0, 0), (-9, 0, 0, 0)])] * 3),
    }
)
OTHERS = st.fixed_dictionaries(
    {
        "dropout": st.tuples(st.just(0.0), SHARES, SHARES),
        "nausea": st.tuples(st.just(0.0), SHARES, SHARES),
        "error": st.sampled_from([0.0, 0.02, 0.1]),
    }
)
VALUES = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 120),
        "phq9_week0": st.none() | st.integers(0, 27).map(float),
        "sex": st.none() | st.sampled_from(["female", "male", "other"]),
        "phq9_item9": st.none() | st.integers(0, 3).map(float),
        "bipolar_disorder": st.none() | st.sampled_from(["yes", "no"]),
        "cssrs_q4": st.none() | st.sampled_from(["yes", "no", "unknown"]),
    }
)
WEIGHT = st.sampled_from([0.0, 1.0, 2.0]) | st.floats(0.001, 1000)
KEYS = ("symptom_relief", "staying_in_treatment", "time", "talking_therapy", "side_effects.nausea", "no_medication")
WEIGHTS = st.fixed_dictionaries(dict.fromkeys(KEYS, WEIGHT)).filter(lambda weights: any(weights.values()))
EXCLUDED = st.sets(st.sampled_from(["usual_care", "cbt", "ssri", "ipt"]), max_size=2)


@settings(max_examples=80)
@given(world=WORLDS, values=VALUES, excluded=EXCLUDED, weight=st.sampled_from([1.0, 0.3]) | st.floats(0.001, 1000))
def test_all_weight_on_symptom_relief_is_the_effect_ranking(build_policy, known, world, values, excluded, weight):
    """Ranks, ties, recommended arm and order are the same to the last bit, whatever the weight's size."""
    policy = with_outcomes(build_policy(**world))
    change = {"exclusions": dict.fromkeys(excluded, "reason")}
    answer = recommend(profile_of(known | values, {"symptom_relief": weight}, **change), policy, RULES)
    ranking = preference_of(answer)
    assert [(one.arm, one.rank) for one in ranking.arms] == [(one.arm, one.rank) for one in answer.arms if one.rank]
    assert (ranking.first, ranking.tied_with) == (answer.recommended, answer.tied_with)
    assert all(one.place == one.effect_place for one in ranking.arms)


@settings(max_examples=80)
@given(world=WORLDS, others=OTHERS, values=VALUES, excluded=EXCLUDED, weights=WEIGHTS)
def test_preferences_change_nothing_else(build_policy, known, world, others, values, excluded, weights):
    """Effects, ranks, reasons and sentences are the same with and without weights; nobody is ranked by these alone."""
    policy = with_outcomes(build_policy(**world), **others)
    change = {"exclusions": dict.fromkeys(excluded, "reason")}
    answer = recommend(profile_of(known | values, weights, **change), policy, RULES)
    assert answer.model_copy(update={"preference": None}) == recommend(
        profile_of(known | values, None, **change), policy, RULES
    )
    assert {one.arm for one in preference_of(answer).arms} <= {one.arm for one in answer.arms if one.rank}


@settings(max_examples=50)
@given(world=WORLDS, others=OTHERS, weights=WEIGHTS, share=st.floats(0, 1))
def test_only_ratios_of_weights_count(build_policy, known, world, others, weights, share):
    """Twice all weights is the same: utilities to rounding, ranks and places but for ties that rounding makes."""
    some = [weight for weight in weights.values() if weight]
    least, most = max(0.1, 0.001 / min(some)), min(10.0, 1000 / max(some))
    factor = least + share * (most - least)
    scaled = {key: min(max(weight * factor, 0.001), 1000.0) if weight else 0.0 for key, weight in weights.items()}
    policy = with_outcomes(build_policy(**world), **others)
    one, other = (preference_of(recommend(profile_of(known, some), policy, RULES)) for some in (weights, scaled))
    utilities = [{arm.arm: arm.utility for arm in ranking.arms} for ranking in (one, other)]
    for arm, utility in utilities[0].items():
        again = utilities[1][arm]
        assert (utility is None) == (again is None)
        if utility and again:
            for end in ("estimate", "lower", "upper"):
                assert getattr(utility, end) == pytest.approx(getattr(again, end), rel=1e-6, abs=1e-9)
    told = [arm.utility.estimate for arm in one.arms if arm.utility]
    if all(abs(a - b) > ROUNDING for at, a in enumerate(told) for b in told[:at]):
        assert [arm.arm for arm in one.arms] == [arm.arm for arm in other.arms]


@settings(max_examples=50)
@given(world=WORLDS, others=OTHERS, weights=WEIGHTS, key=st.sampled_from(KEYS), more=st.floats(0.01, 100))
def test_more_weight_never_lowers_the_arm_that_is_best_by_it(build_policy, known, world, others, weights, key, more):
    """The place of the arm that is best by an attribute does not fall when that attribute gets more weight."""
    assume(weights[key] + more <= 1000)
    policy = with_outcomes(build_policy(**world), **others)
    alone = preference_of(recommend(profile_of(known, {key: 1.0}), policy, RULES))
    assume(alone.first is not None)
    one, other = (
        preference_of(recommend(profile_of(known, some), policy, RULES))
        for some in (weights, weights | {key: weights[key] + more})
    )
    assume(one.first is not None)
    before, after = arm_of(one, str(alone.first)), arm_of(other, str(alone.first))
    near = before.utility is not None and after.utility is not None
    assert after.place <= before.place or (near and _tied_by_rounding(alone, before))


def _tied_by_rounding(ranking: PreferenceRanking, arm: ArmPreference) -> bool:
    """Whether the arm is equal to another by the attribute, so that rounding decides between them."""
    mine = arm_of(ranking, arm.arm).utility
    return any(
        one.utility and mine and math.isclose(one.utility.estimate, mine.estimate, abs_tol=ROUNDING)
        for one in ranking.arms
        if one.arm != arm.arm
    )


@settings(max_examples=40)
@given(world=WORLDS, others=OTHERS, weights=WEIGHTS)
def test_the_order_of_the_columns_does_not_matter(build_policy, known, world, others, weights):
    """Swapping two arms of a policy swaps nothing in what is told of them."""
    world = world | {"slopes": ((0, 0),) * 3}
    policy = with_outcomes(build_policy(**world), **others)
    swapped = {
        name: (values[0], values[2], values[1])
        for name, values in (world | others).items()
        if name != "error" and isinstance(values, tuple)
    }
    other = build_policy(**(world | {key: swapped[key] for key in ("effects", "support")}))
    arms = other.manifest.arms
    swapped_arms = {"arms": (arms[0], arms[2], arms[1], arms[3])}
    # Made anew: a copy would take along what the manifest has already worked out from the old order.
    manifest = PolicyManifest.model_validate(other.manifest.model_dump() | swapped_arms)
    mirrored = with_outcomes(
        replace(other, manifest=manifest), **(others | {key: swapped[key] for key in ("dropout", "nausea")})
    )
    one, again = (preference_of(recommend(profile_of(known, weights), some, RULES)) for some in (policy, mirrored))
    assert {arm.arm: arm for arm in one.arms} == {arm.arm: arm for arm in again.arms}
    assert (one.first, set(one.tied_with), one.sentences) == (again.first, set(again.tied_with), again.sentences)


def firsts(
    policy: Policy, known: Mapping[str, Any], weights: Mapping[str, float], key: str, values: list[float]
) -> list[str | None]:
    """Who comes first as the weight on one attribute takes these values."""
    return [
        preference_of(recommend(profile_of(known, {**weights, key: value}), policy, RULES)).first for value in values
    ]


@settings(max_examples=20)
@given(
    effects=st.tuples(st.just(0.0), POINTS, POINTS),
    others=OTHERS,
    weights=st.fixed_dictionaries(dict.fromkeys(KEYS[:5], st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]))),
)
def test_sensitivity_is_what_ranking_again_finds(build_policy, known, effects, others, weights):
    """Up to a turning weight the first place stays, beyond it the named arm has it; if none is told it never goes."""
    assume(any(weights.values()))
    policy = with_outcomes(build_policy(effects=effects), **others)
    ranking = preference_of(recommend(profile_of(known, weights), policy, RULES))
    for one in ranking.attributes:
        key = one.attribute
        if key in ("medication", "no_medication"):
            continue
        others_weigh = any(weight for name, weight in weights.items() if name != key)
        floor = 0.001 if not others_weigh else 0.0
        low = one.down.weight if one.down else floor
        high = one.up.weight if one.up else 900.0
        inside = [low + (high - low) * share for share in (1e-6, 0.25, 0.5, 0.75, 1 - 1e-6)]
        inside = [value for value in inside if value == 0 or 0.001 <= value <= 1000]
        assert set(firsts(policy, known, weights, key, inside)) <= {ranking.first}
        for turn, beyond in ((one.down, 1 - 1e-6), (one.up, 1 + 1e-6)):
            if turn and 0.002 <= turn.weight <= 900:
                assert firsts(policy, known, weights, key, [turn.weight * beyond]) == [turn.arm]


@settings(max_examples=50)
@given(world=WORLDS, others=OTHERS, weights=WEIGHTS)
def test_dominance_is_what_comparing_all_pairs_finds(build_policy, known, world, others, weights):
    """An arm is dominated by exactly those that are at least as good by every part, at the worst against the best."""
    policy = with_outcomes(build_policy(**world), **others)
    ranking = preference_of(recommend(profile_of(known, weights), policy, RULES))
    from_records = {one.attribute for one in ranking.attributes if one.source == "records"}
    for mine in ranking.arms:
        if not mine.parts:
            continue
        found = set()
        for other in ranking.arms:
            ahead = [
                theirs.amount.estimate
                - (part.amount.estimate if part.attribute in from_records else part.amount.upper)
                for theirs, part in zip(other.parts, mine.parts, strict=True)
            ]
            if other is not mine and min(ahead) >= 0 and max(ahead) > 0:
                found.add(other.arm)
        assert {one.arm for one in mine.dominated_by} == found
        assert all(arm_of(ranking, one.arm).place < mine.place for one in mine.dominated_by)


def test_utility_is_the_sum_of_its_parts(build_policy, known):
    """Each part is share times value by exchange, and the symptom part's value is the effect that the answer shows."""
    policy = with_outcomes(build_policy())
    weights = {"symptom_relief": 2.0, "staying_in_treatment": 1.0, "side_effects.nausea": 1.0}
    answer = recommend(profile_of(known, weights), policy, RULES)
    ranking = preference_of(answer)
    attributes = {one.attribute: one for one in ranking.attributes}
    assert [attributes[key].exchange for key in weights] == pytest.approx([2.7, 0.1, 0.1])
    assert [attributes[key].share for key in weights] == [0.5, 0.25, 0.25]
    for arm in ranking.arms:
        assert arm.utility is not None
        assert arm.utility.estimate == pytest.approx(sum(part.amount.estimate for part in arm.parts), abs=ROUNDING)
        assert arm.parts[0].value == next(advice.effect for advice in answer.arms if advice.arm == arm.arm)
    ssri, cbt = arm_of(ranking, "ssri").utility, arm_of(ranking, "cbt").utility
    assert ssri
    assert cbt
    assert ssri.estimate == pytest.approx(0.5 * 3 / 2.7 - 0.25 * 1 - 0.25 * 2)
    assert cbt.estimate == pytest.approx(0.5 * 2 / 2.7 + 0.25 * 1)


def test_the_change_is_explained(build_policy, known):
    """The answer names who leads by effects, who leads by utility and what makes the difference."""
    policy = with_outcomes(build_policy())
    answer = recommend(profile_of(known, {"symptom_relief": 1.0, "staying_in_treatment": 1.0}), policy, RULES)
    ranking = preference_of(answer)
    assert (answer.recommended, ranking.first) == ("ssri", "cbt")
    ssri, cbt = (policy.labels[arm] for arm in ("ssri", "cbt"))
    assert ranking.sentences[0] == (
        f"By symptom relief alone {ssri} has the best estimate; with what matters to this patient {cbt} comes first, "
        f"because against {ssri} it gains 1.00 on staying in treatment and loses 0.19 on symptom relief."
    )
    assert arm_of(ranking, "ssri").why == (
        f"{ssri} is 1st by symptom relief alone and 2nd with what matters to this patient: against {cbt} it gains "
        "0.19 on symptom relief and loses 1.00 on staying in treatment."
    )
    assert ranking.sentences[-1] == "The effects themselves are the same whatever the weights are."


def test_a_tie_by_utility_is_a_tie(build_policy, known):
    """What the records cannot tell apart by effects and dropout is not told apart by their sum."""
    policy = with_outcomes(build_policy(effects=(0, 2.0, 2.3)), dropout=(0.0, 0.1, 0.1), error=0.05)
    ranking = preference_of(
        recommend(profile_of(known, {"symptom_relief": 1.0, "staying_in_treatment": 1.0}), policy, RULES)
    )
    assert (ranking.first, ranking.tied_with) == ("ssri", ("cbt",))
    assert any("any of these may be best" in sentence for sentence in ranking.sentences)


def test_unknown_is_a_range_and_never_a_zero(build_policy, known):
    """What usual care holds is not known: it may be with or without medication, and nobody beats it for that."""
    policy = build_policy()
    ranking = preference_of(recommend(profile_of(known, {"no_medication": 1.0}), policy, RULES))
    usual = arm_of(ranking, "usual_care")
    assert usual.parts[0].value is None
    assert (usual.parts[0].amount.lower, usual.parts[0].amount.upper) == (0.0, 1.0)
    assert not usual.parts[0].verified
    assert (usual.rank.lower, usual.rank.upper) == (1, 3)
    assert usual.dominated_by == ()
    assert arm_of(ranking, "ssri").rank.lower == 2
    assert any(sentence.startswith("Not known of usual care") for sentence in ranking.sentences)


def test_what_nobody_knows_leaves_the_comparison_and_is_said(build_policy, known):
    """A weight on what no arm is known by moves nothing; with nothing else there is no ranking, and why."""
    policy = build_policy()
    without = preference_of(recommend(profile_of(known, {"symptom_relief": 1.0}), policy, RULES))
    beside = preference_of(
        recommend(profile_of(known, {"symptom_relief": 1.0, "side_effects.sexual_problems": 9.0}), policy, RULES)
    )
    assert [(arm.arm, arm.rank, arm.utility) for arm in beside.arms] == [
        (arm.arm, arm.rank, arm.utility) for arm in without.arms
    ]
    assert next(one for one in beside.attributes if one.attribute == "side_effects.sexual_problems").left_out
    assert any("avoiding sexual problems is left out" in sentence for sentence in beside.sentences)
    alone = preference_of(recommend(profile_of(known, {"side_effects.sexual_problems": 9.0}), policy, RULES))
    assert (alone.arms, alone.first) == ((), None)
    assert "nothing with weight is known" in alone.sentences[0]


def test_recalled_hours_are_said_to_be_recalled(build_policy, known):
    """The catalogue's hours were not checked, so a ranking that rests on them says so and names the source."""
    ranking = preference_of(recommend(profile_of(known, {"symptom_relief": 1.0, "time": 1.0}), build_policy(), RULES))
    part = next(one for one in arm_of(ranking, "cbt").parts if one.attribute == "time")
    assert part.value is not None
    assert (part.value.lower, part.value.upper, part.verified) == (-16.0, -6.5, False)
    assert part.source is not None
    assert "ecalled" in part.source
    assert any("recalled" in sentence for sentence in ranking.sentences)


@pytest.mark.parametrize(
    ("change", "told"), [({"phq9_item9": 2.0}, "held back"), ({"age": 12.0}, "no therapy can be")]
)
def test_where_effects_have_no_rank_utilities_have_none(build_policy, known, change, told):
    """Held back, refused or abstained: no utility, no place, no first arm, and a sentence that says so."""
    ranking = preference_of(recommend(profile_of(known | change, {"time": 1.0}), build_policy(), RULES))
    assert (ranking.arms, ranking.first, ranking.tied_with) == ((), None, ())
    assert told in ranking.sentences[0]
    assert all(one.up is None and one.down is None for one in ranking.attributes)


def test_without_support_for_the_reference_no_utility_is_shown(build_policy, known):
    """Arms are ranked among themselves; a worth over a reference that such patients never got would be a number."""
    policy = build_policy(support=((-9, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)))
    ranking = preference_of(recommend(profile_of(known, {"symptom_relief": 1.0, "time": 0.1}), policy, RULES))
    assert {arm.arm for arm in ranking.arms} == {"cbt", "ssri"}
    assert all(arm.utility is None and arm.parts == () for arm in ranking.arms)


def test_an_unknown_kind_of_side_effect_is_an_error_with_a_suggestion(build_policy, known):
    """A misspelt kind must not pass as a weight that counts for nothing."""
    with pytest.raises(BadInput, match="Did you mean nausea"):
        recommend(profile_of(known, {"side_effects.nausia": 1.0}), build_policy(), RULES)


def test_a_kind_that_only_the_policy_knows_can_be_weighed(build_policy, known):
    """The records' own kinds of side effects count beside the usual ones."""
    other = other_outcome("side_effect", (0.0, 0.1, -0.3), 0.01, "vivid_dreams")
    policy = replace(build_policy(), secondary=(other,))
    ranking = preference_of(recommend(profile_of(known, {"side_effects.vivid_dreams": 1.0}), policy, RULES))
    assert [arm.arm for arm in ranking.arms] == ["cbt", "usual_care", "ssri"]


def test_a_side_effect_in_points_is_exchanged_by_a_tenth_of_its_scale(build_policy, known):
    """Measured from 0 to 40, one unit of weight is for 4 points; the records' benefit has its own unit in words."""
    outcome = SecondaryOutcome(
        name="sleep", unit="sleep points", kind="points", role="side_effect", side_effect="insomnia",
        direction="lower_is_better", range=(0, 40),
    )  # fmt: skip
    values = (0.0, 2.0, -6.0)
    other = SecondaryServed(outcome, served(values, 0.5), np.array(values), np.diag([0.25] * 3))
    policy = replace(build_policy(), secondary=(other,))
    ranking = preference_of(recommend(profile_of(known, {"side_effects.insomnia": 3.0}), policy, RULES))
    insomnia = next(one for one in ranking.attributes if one.attribute == "side_effects.insomnia")
    assert (insomnia.exchange, insomnia.unit) == (4.0, "sleep points of benefit")
    utility = arm_of(ranking, "ssri").utility
    assert utility
    assert utility.estimate == pytest.approx(-1.5)


def test_the_same_weights_give_the_same_bytes_and_are_read_back(build_policy, known):
    """An answer with preferences is kept as given: twice the same bytes, and the same answer when read again."""
    policy = with_outcomes(build_policy())
    profile = profile_of(known, {"symptom_relief": 1.0, "time": 0.5, "side_effects.nausea": 2.0})
    one, again = (recommend(profile, policy, RULES).model_dump_json() for _ in range(2))
    assert one == again
    assert Recommendation.model_validate_json(one).model_dump_json() == one
