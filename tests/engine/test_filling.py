"""A missing effect modifier: the answer covers what filling it in could give."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.basis import Basis
from data_contracts.cohort import Cohort
from data_contracts.effects import ServedEffects
from data_contracts.preferences import Preferences
from data_contracts.recommendation import Reason
from data_contracts.rule_file import load_rules
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed
from engine.bars import Bars
from engine.batch import recommend_cohort
from engine.decision import decide
from engine.patient import read_patients
from engine.policy import Policy
from engine.reason_codes import OPEN
from engine.recommend import recommend
from estimators.basis_design import smooth_basis
from estimators.design import learn_encoding
from estimators.fill_sketch import fill_sketch

N, MODIFIERS = 600, ("phq9_week0", "gad7", "duration", "episodes", "work")
FILLABLE = MODIFIERS[1:]
RULES = load_rules()


def records(seed: int) -> dict[str, Any]:
    """Covariates that go together: a score, another that follows it, a skewed number, a count and a category."""
    rng = np.random.default_rng(seed)
    phq9 = np.clip(np.rint(rng.normal(15, 5, N)), 0, 27)
    gad7 = np.clip(np.rint(0.6 * phq9 + rng.normal(2, 3, N)), 0, 21)
    duration = 1 + rng.gamma(2, 12, N).clip(0, 70)
    episodes = rng.poisson(1.2, N).astype(float)
    at_work = np.where(rng.uniform(size=N) < 0.5, "part", "full")
    work = np.where(rng.uniform(size=N) < 0.3 + 0.02 * phq9, "none", at_work)
    columns = dict(zip(MODIFIERS, (phq9, gad7, duration, episodes, work.astype(object)), strict=True))
    return columns | {"sex": np.where(rng.uniform(size=N) < 0.6, "female", "male").astype(object)}


def learned(build_policy: Any, columns: dict[str, Any], seed: int, slopes: float = 1.0, errors: float = 0.2) -> Policy:
    """A policy over these records, with effects of three arms that vary in every term as chance has it, waves too."""
    rng = np.random.default_rng(seed)
    encoding = learn_encoding(columns, (*MODIFIERS, "sex"))
    covariates = encoding.encode(columns)
    basis = waving(smooth_basis(covariates[:, : encoding.columns_of(MODIFIERS)]), rng)
    coefficients = np.column_stack([[0.0, 2.0, 2.5], slopes * rng.normal(0, 0.3, (3, basis.terms))])
    coefficients[0] = 0.0
    root = errors * rng.normal(0, 0.3, (12, 3, 1 + basis.terms))
    root[:, 0] = 0.0
    plain = build_policy(support=((0.0,) * (1 + covariates.shape[1]),) * 3)
    manifest = plain.manifest.model_copy(update={"encoding": encoding, "effect_modifiers": MODIFIERS, "basis": basis})
    return replace(
        plain,
        manifest=manifest,
        effects=ServedEffects(coefficients, root, np.array([False, True, True])),
        outcome=np.zeros(1 + covariates.shape[1]),
        ranges=replace(plain.ranges, spread=np.zeros(1 + covariates.shape[1])),
        fills=fill_sketch(encoding, columns, len(MODIFIERS)),
    )


def waving(basis: Basis, rng: np.random.Generator) -> Basis:
    """The basis with four waves over three of its columns."""
    waves = {
        "wave_columns": (0, 1, 3),
        "wave_weights": tuple(map(tuple, rng.normal(size=(4, 3)).tolist())),
        "wave_phase": tuple(rng.uniform(0, 6, 4).tolist()),
        "centre": (*basis.centre, *[0.0] * 4),
        "scale": (*basis.scale, *[0.7] * 4),
    }
    return Basis(**{**basis.model_dump(), **waves})


def ask(policy: Policy, columns: dict[str, Any]) -> Any:
    """What is decided for patients given as columns."""
    n = len(columns["sex"])
    cohort = Cohort(np.arange(n), columns, {}, {})
    no, none = np.zeros(n, dtype=bool), np.zeros((n, len(policy.manifest.arms)), dtype=bool)
    bars = Bars(refused=no, held_back=no, code=np.full(none.shape, OPEN), few=none)
    return decide(policy, read_patients(cohort, policy), bars)


def blank(column: Any) -> Any:
    return np.full(len(column), None if column.dtype == object else np.nan, dtype=column.dtype)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 30),
    row=st.integers(0, N - 1),
    lacking=st.sets(st.sampled_from(FILLABLE), min_size=1, max_size=3),
    slopes=st.sampled_from([0.0, 0.3, 2.0]),
    errors=st.sampled_from([0.01, 1.0]),
)
def test_the_interval_covers_what_filling_in_could_give(build_policy, seed, row, lacking, slopes, errors):
    """For any patient and any features left out: in at least the stated share of the records, giving the patient that
    record's values puts the effect inside the interval that is served without them. Of one feature exactly; of several
    to the error of a copula, which is told as 0.05.
    """
    columns = records(seed)
    policy = learned(build_policy, columns, seed, slopes, errors)
    patient = {name: column[np.full(N, row)] for name, column in columns.items()}
    filled = ask(policy, patient | {name: columns[name] for name in lacking}).effect[..., 0]
    one = {name: column[:1] for name, column in patient.items()}
    served = ask(policy, one | {name: blank(one[name]) for name in lacking}).effect[0]
    inside = ((filled >= served[:, 1] - 1e-9) & (filled <= served[:, 2] + 1e-9)).mean(axis=0)
    assert (inside >= policy.manifest.confidence - (0.0 if len(lacking) == 1 else 0.05)).all()


@settings(max_examples=40)
@given(seed=st.integers(0, 30), row=st.integers(0, N - 1), name=st.sampled_from(FILLABLE))
def test_the_whole_interval_that_would_be_served_lies_inside(build_policy, seed, row, name):
    """Of one missing feature: in the stated share of fills even the interval served then lies inside, so that it is
    never narrower for not knowing.
    """
    columns = records(seed)
    policy = learned(build_policy, columns, seed, errors=1.0)
    patient = {key: column[np.full(N, row)] for key, column in columns.items()}
    then = ask(policy, patient | {name: columns[name]}).effect
    one = {key: column[:1] for key, column in patient.items()}
    served = ask(policy, one | {name: blank(one[name])}).effect[0]
    inside = (then[..., 1] >= served[:, 1] - 1e-9) & (then[..., 2] <= served[:, 2] + 1e-9)
    assert (inside.mean(axis=0) >= policy.manifest.confidence - 0.005).all()


def test_where_effects_do_not_vary_nothing_changes(build_policy):
    """Constant effects with errors of their own alone: the same interval and ranks, whatever is missing."""
    columns = records(1)
    policy = learned(build_policy, columns, 1, slopes=0.0)
    root = policy.effects.root.copy()
    root[..., 1:] = 0.0
    policy = replace(policy, effects=replace(policy.effects, root=root))
    known = {name: column[:20] for name, column in columns.items()}
    full, gap = (
        ask(policy, known),
        ask(policy, known | {"duration": blank(known["duration"]), "work": blank(known["work"])}),
    )
    assert np.allclose(full.effect, gap.effect, atol=1e-12)
    assert np.allclose(full.covariance, gap.covariance, atol=1e-12)
    assert (full.ranking.lower == gap.ranking.lower).all()
    assert (full.ranking.upper == gap.ranking.upper).all()


def test_ranks_know_what_is_missing(build_policy, patient):
    """Arms that are told apart when duration is known are tied when it is not and either might be better."""
    policy = learned(build_policy, records(2), 2, slopes=0.0, errors=0.001)
    coefficients = policy.effects.coefficients.copy()
    coefficients[1, 3], coefficients[2, 3] = 2.0, -2.0
    policy = replace(policy, effects=replace(policy.effects, coefficients=coefficients))
    values = {"phq9_week0": 15.0, "gad7": 11.0, "duration": 60.0, "episodes": 1.0, "work": "full"}
    told = recommend(patient(**values), policy, RULES)
    untold = recommend(patient(**values | {"duration": None}), policy, RULES)
    assert told.recommended == "cbt"
    assert told.tied_with == ()
    assert set(untold.tied_with) | {untold.recommended} >= {"cbt", "ssri"}
    (change,) = untold.would_change
    assert change.feature == "duration"
    assert change.narrower > 0.5
    assert set(change.may_come_first) == {"cbt", "ssri"} - {untold.recommended}
    assert any("Knowing duration would narrow an interval" in sentence for sentence in untold.sentences)


def test_contributions_still_add_up(build_policy, patient):
    """The effect with a feature missing is a mean over fills, and the contributions add up to it all the same."""
    policy = learned(build_policy, records(3), 3)
    values = {"phq9_week0": 20.0, "gad7": 4.0, "episodes": 3.0, "duration": None, "work": None}
    for advice in recommend(patient(**values), policy, RULES).arms:
        if advice.effect:
            total = policy.effects.coefficients[policy.manifest.ranked_arms.index(advice.arm), 0]
            total += sum(part.amount for part in advice.contributions)
            assert total == pytest.approx(advice.effect.estimate, abs=1e-9)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 5),
    gaps=st.lists(st.tuples(st.integers(0, 39), st.sampled_from((*MODIFIERS, "sex"))), max_size=30),
)
def test_one_patient_is_told_what_a_batch_is_told(build_policy, seed, gaps):
    """Whoever else is asked about, with whatever gaps: the same reasons and ranks, the same numbers."""
    columns = records(seed)
    policy = learned(build_policy, columns, seed)
    people = {name: column[:40].copy() for name, column in columns.items()}
    for row, name in gaps:
        people[name][row] = None if people[name].dtype == object else np.nan
    together = ask(policy, people)
    for row in {row for row, _ in gaps}:
        alone = ask(policy, {name: column[row : row + 1] for name, column in people.items()})
        assert (alone.reason[0] == together.reason[row]).all()
        assert np.allclose(alone.effect[0], together.effect[row], atol=1e-12)
        assert np.allclose(alone.expected[0], together.expected[row], atol=1e-12, equal_nan=True)
        assert (alone.ranking.lower[0] == together.ranking.lower[row]).all()


def test_other_outcomes_cover_it_too(build_policy):
    """Of an outcome beside the primary one: as wide as the primary's where its effects are the same."""
    columns = records(7)
    policy = learned(build_policy, columns, 7)
    outcome = SecondaryOutcome(name="score", unit="points", kind="points", direction="higher_is_better")
    same = SecondaryServed(outcome, policy.effects, policy.average_effects, policy.average_covariance)
    policy = replace(policy, secondary=(same,))
    known = {name: column[:20] for name, column in columns.items()}
    decision = ask(policy, known | {"duration": blank(known["duration"])})
    assert decision.others is not None
    effects = decision.others.told
    assert np.allclose(effects[:, 0], decision.effect, atol=1e-9)
    full = ask(policy, known).others.told
    width = effects[..., 2] - effects[..., 1]
    assert (width >= full[..., 2] - full[..., 1] - 1e-9).mean() > 0.9


def test_what_matters_is_told_no_more_surely_than_the_effects(build_policy, patient):
    """With all weight on symptom relief a utility's interval is the effect's, in units of exchange, gaps included."""
    policy = learned(build_policy, records(2), 2)
    values = {"phq9_week0": 15.0, "gad7": 11.0, "duration": None, "episodes": None, "work": "full"}
    asked = patient(**values).model_copy(update={"preferences": Preferences(symptom_relief=1.0)})
    answer = recommend(asked, policy, RULES)
    effects = {advice.arm: advice.effect for advice in answer.arms}
    exchange = next(one.exchange for one in answer.preference.attributes if one.attribute == "symptom_relief")
    assert len(answer.preference.arms) == 3
    for told in answer.preference.arms:
        ends = np.array(astuple(effects[told.arm]))
        assert np.allclose(exchange * np.array(astuple(told.utility)), ends, atol=1e-9)
        assert np.allclose(astuple(told.parts[0].value), ends, atol=1e-9)


def test_nothing_is_ranked_without_the_baseline_score(build_policy, patient):
    """Severity is a key fact: without it no arm has a rank, and the answer says that knowing it might allow one."""
    policy = learned(build_policy, records(4), 4)
    values = {"gad7": 11.0, "duration": 60.0, "episodes": 1.0, "work": "full", "phq9_week0": None}
    answer = recommend(patient(**values), policy, RULES)
    assert answer.recommended is None
    assert {advice.reason for advice in answer.arms if advice.arm != "ipt"} == {Reason.MISSING_KEY}
    (change,) = answer.would_change
    assert change.key
    assert change.narrower is None


def test_support_that_hangs_on_a_missing_fact_is_not_assumed(build_policy, patient):
    """An arm that only those ill for a short time got: not knowing how long leaves that open: its reason."""
    policy = learned(build_policy, records(5), 5)
    logits = np.zeros_like(policy.support.logits)
    logits[2, 3] = -4.0
    policy = replace(policy, support=replace(policy.support, logits=logits))
    values = {"phq9_week0": 15.0, "gad7": 11.0, "episodes": 1.0, "work": "full"}
    reasons = {}
    for weeks in (3.0, 70.0, None):
        arms = recommend(patient(**values, duration=weeks), policy, RULES).arms
        reasons[weeks] = next(advice.reason for advice in arms if advice.arm == "ssri")
    assert reasons == {3.0: None, 70.0: Reason.NON_OVERLAP, None: Reason.MISSING_KEY}


def test_a_cohort_with_gaps_is_answered_in_blocks(build_policy):
    """Rows of ways are those of the block, not of the cohort: a small block gives the same table."""
    columns = records(6)
    policy = learned(build_policy, columns, 6)
    people = {name: column[:30].copy() for name, column in columns.items()}
    people["duration"][::3] = np.nan
    people["phq9_item9"] = np.zeros(30)
    cohort = Cohort(np.array([f"p{i}" for i in range(30)], dtype=object), people, {}, {})
    whole = [table for _, table in recommend_cohort(cohort, policy, RULES)]
    parts = [table for _, table in recommend_cohort(cohort, policy, RULES, block=7)]
    told = np.concatenate([np.ma.filled(part["effect_lower"], np.nan) for part in parts])
    assert np.allclose(np.ma.filled(whole[0]["effect_lower"], np.nan), told, atol=1e-12, equal_nan=True)
