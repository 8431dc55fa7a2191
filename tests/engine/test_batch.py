"""Many patients at once: cell by cell what `recommend` says of each alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.cohort import Cohort
from data_contracts.errors import BadInput
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Interval, Recommendation
from data_contracts.rule_file import load_rules
from engine.batch import recommend_cohort
from engine.recommend import recommend

COLUMNS = (
    *("patient_id", "arm", "status", "reason"),
    *("effect", "effect_lower", "effect_upper", "average_effect", "average_lower", "average_upper"),
    *("individualised", "rank_lower", "rank_upper", "in_top_set", "recommended", "safety"),
    *("expected_outcome", "outcome_lower", "outcome_upper"),
    *("patient_flags", "patient_asks", "safety_flags", "check_first", "data_queries"),
    *("available", "wait_weeks_lower", "wait_weeks_upper", "offer_as_of"),
)
ARMS = ("usual_care", "cbt", "ssri", "ipt")
ROUNDING = 1e-12
"""A product with many patients may add in another order than with one."""


def row_of(answer: Recommendation, advice: ArmAdvice) -> tuple[Any, ...]:
    """One row of the table, written down from the recommendation of one patient."""

    def ends(interval: Interval | None) -> tuple[Any, ...]:
        return (interval.estimate, interval.lower, interval.upper) if interval else (None, None, None)

    rank = (advice.rank.lower, advice.rank.upper, advice.rank.in_top_set) if advice.rank else (None, None, None)
    queries = list(dict.fromkeys(query.id for query in answer.queries))
    silent = answer.safety.level == "refused" or answer.safety.awaiting_acknowledgement
    of_patient = [one for one in answer.safety.findings if not one.arms]
    fired = [one.rule for one in of_patient if not one.missing]
    asked = list(dict.fromkeys(fact for one in of_patient for fact in one.missing))
    return (
        *(answer.patient_id, advice.arm, advice.status, advice.reason and advice.reason.value),
        *ends(advice.effect),
        *ends(advice.average),
        *(advice.individualised, *rank, None if silent else advice.recommended, answer.safety.level),
        *ends(advice.expected_outcome),
        *("; ".join(things) or None for things in (fired, asked, advice.flags, advice.check_first, queries)),
        *(None, None, None, None),
    )


def rows_of(table: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table, with None for what is masked or not a number."""
    for cells in zip(*(column.tolist() for column in table.values()), strict=True):
        yield tuple(None if isinstance(cell, float) and np.isnan(cell) else cell for cell in cells)


def column(values: list[Any]) -> np.ndarray:
    """Values as a table holds them: float64 with NaN, or text with None."""
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _by(profile: PatientProfile, rule: str) -> str | None:
    return next((one.by for one in profile.acknowledgements if rule in one.rules), None)


def cohort_of(profiles: list[PatientProfile]) -> Cohort:
    """The same patients as columns."""
    names = sorted({name for profile in profiles for name in profile.values})
    return Cohort(
        np.array([profile.patient_id for profile in profiles], dtype=object),
        {name: column([profile.values.get(name) for profile in profiles]) for name in names},
        {arm: np.array([arm in profile.exclusions for profile in profiles]) for arm in ARMS},
        {rule: np.array([_by(profile, rule) for profile in profiles], dtype=object) for rule in load_rules().waiting},
    )


PROFILES = st.builds(
    lambda values, excluded, by: {"values": values, "exclusions": dict.fromkeys(excluded, "reason")} | by,
    st.fixed_dictionaries(
        {
            "age": st.none() | st.floats(-5, 140),
            "phq9_week0": st.none() | st.integers(0, 27).map(float),
            "sex": st.none() | st.sampled_from(["female", "male", "other", " male "]),
            "phq9_item9": st.none() | st.integers(0, 3).map(float),
            "cssrs_q4": st.none() | st.sampled_from(["yes", "no", "unknown"]),
            "decision_support_consent": st.sampled_from(["yes", "yes", "no", None]),
        }
    ),
    st.sets(st.sampled_from(ARMS), max_size=2),
    st.sampled_from([(), ("SI-01",), ("DET-01",), ("SI-01", "DET-01")]).map(
        lambda rules: {"acknowledgements": [{"by": "Dr Example", "rules": rules}] if rules else []}
    ),
)
SLOPES = st.tuples(st.just((0.0, 0.0)), *[st.sampled_from([(0.0, 0.0), (0.5, -0.7)])] * 2)


@settings(max_examples=100)
@given(
    contents=st.lists(PROFILES, min_size=1, max_size=12),
    effects=st.tuples(st.just(0.0), st.floats(-4, 4), st.sampled_from([2.0, 2.3])),
    slopes=SLOPES,
    heterogeneity=st.sampled_from([0.0, 1.0]),
    block=st.integers(1, 13),
)
def test_every_cell_is_what_one_patient_alone_is_told(build_policy, contents, effects, slopes, heterogeneity, block):
    """Words, yes or no and ranks agree exactly, numbers to rounding; rows stand in the same order, in any blocks."""
    policy, rules = build_policy(effects=effects, slopes=slopes, heterogeneity=heterogeneity), load_rules()
    profiles = [PatientProfile(patient_id=f"p{at}", **content) for at, content in enumerate(contents)]
    answers = [recommend(profile, policy, rules) for profile in profiles]
    wanted = [row_of(answer, advice) for answer in answers for advice in answer.arms]
    tables = [table for _, table in recommend_cohort(cohort_of(profiles), policy, rules, block)]
    found = [row for table in tables for row in rows_of(table)]
    assert all(tuple(table) == COLUMNS for table in tables)
    assert len(found) == len(wanted)
    for row, cells in zip(found, wanted, strict=True):
        for cell, value in zip(row, cells, strict=True):
            if isinstance(value, float) and cell is not None:
                assert cell == pytest.approx(value, rel=ROUNDING, abs=ROUNDING)
            else:
                assert (type(cell), cell) == (type(value), value)


def test_a_column_that_is_not_there_is_unknown_for_everybody(policy, rules, known):
    """Without a column of a safety fact everybody is to be assessed first; without a confounder it is filled."""
    columns = {name: column([value] * 3) for name, value in known.items() if name not in ("sex", "phq9_item9")}
    cohort = Cohort(np.array(["a", "b", "c"], dtype=object), columns, {})
    ((_, table),) = recommend_cohort(cohort, policy, rules)
    assert set(table["safety"]) == {"assess_first"}
    assert [row[1] for row in rows_of(table) if row[14]] == ["ssri"] * 3


@pytest.mark.parametrize(
    ("change", "excluded", "told"),
    [
        ({"age": ["Zebedee", None]}, {}, "a number"),
        ({"phq9_item9": [7.0, 9.0]}, {}, "0 to 3"),
        ({}, {"sri": np.array([True, False])}, "Did you mean ssri"),
    ],
)
def test_what_cannot_be_read_is_an_error_without_the_value(policy, rules, known, change, excluded, told):
    """As for one patient: the feature, fact or arm is named and nothing of what was given."""
    columns = {name: column(change.get(name, [value] * 2)) for name, value in known.items()}
    cohort = Cohort(np.array(["a", "b"], dtype=object), columns, excluded)
    with pytest.raises(BadInput, match=told) as caught:
        list(recommend_cohort(cohort, policy, rules))
    assert "Zebedee" not in str(caught.value)
    assert len(caught.value.problems) == 1
