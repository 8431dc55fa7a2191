"""Preferences of many patients at once: cell by cell what each alone is told."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.cohort import Cohort
from data_contracts.errors import BadInput
from data_contracts.recommendation import ArmAdvice, Recommendation
from data_contracts.rule_file import load_rules
from engine.batch import joined, recommend_cohort
from engine.recommend import recommend
from engine.stacked import SINGLE

ALONE = runpy.run_path(str(Path(__file__).with_name("test_preferences.py")))
profile_of, with_outcomes = ALONE["profile_of"], ALONE["with_outcomes"]
RULES = load_rules()
KEYS = ALONE["KEYS"]
COLUMNS = (
    *("utility", "utility_lower", "utility_upper", "utility_rank_lower", "utility_rank_upper"),
    *("in_utility_top_set", "first_by_utility", "dominated_by"),
)


def row_of(answer: Recommendation, advice: ArmAdvice) -> tuple[Any, ...]:
    """What the ranking by utility of one patient says of an arm, as the table would."""
    ranking = answer.preference
    found = next((one for one in ranking.arms if one.arm == advice.arm), None) if ranking else None
    silent = ranking is None or answer.safety.level == "refused" or answer.safety.awaiting_acknowledgement
    first = None if silent or ranking is None else ranking.first == advice.arm
    if found is None:
        return (None,) * 6 + (first, None)
    ends = (found.utility.estimate, found.utility.lower, found.utility.upper) if found.utility else (None,) * 3
    rank = (found.rank.lower, found.rank.upper, found.rank.in_top_set)
    return (*ends, *rank, first, "; ".join(one.arm for one in found.dominated_by) or None)


def cohort_of(people: list[tuple[dict[str, Any], dict[str, float] | None]], known: dict[str, Any]) -> Cohort:
    """The same patients as columns; weights are 0 for those who have none."""
    values = [known | change for change, _ in people]

    def column(cells: list[Any]) -> Any:
        if any(isinstance(cell, str) for cell in cells):
            return np.array(cells, dtype=object)
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=float)

    return Cohort(
        np.array([f"p{at}" for at in range(len(people))], dtype=object),
        {name: column([one.get(name) for one in values]) for name in sorted({key for one in values for key in one})},
        {},
        weights={key: np.array([(weights or {}).get(key, 0.0) for _, weights in people]) for key in KEYS},
    )


PEOPLE = st.lists(st.tuples(ALONE["VALUES"], st.none() | ALONE["WEIGHTS"]), min_size=1, max_size=8)


@settings(max_examples=50)
@given(world=ALONE["WORLDS"], others=ALONE["OTHERS"], people=PEOPLE, block=st.integers(1, 9))
def test_every_cell_is_what_one_patient_alone_is_told(build_policy, known, world, others, people, block):
    """Ranks, first arm and dominance agree exactly, utilities to rounding, of their ends to that of single precision;
    without weights the cells are empty.
    """
    policy = with_outcomes(build_policy(**world), **others)
    answers = [recommend(profile_of(known | values, weights), policy, RULES) for values, weights in people]
    wanted = [row_of(answer, advice) for answer in answers for advice in answer.arms]
    table = joined([table for _, table in recommend_cohort(cohort_of(people, known), policy, RULES, block)])
    found = list(zip(*(table[name].tolist() for name in COLUMNS), strict=True))
    assert tuple(table)[-len(COLUMNS) :] == COLUMNS
    assert len(found) == len(wanted)
    for row, cells in zip(found, wanted, strict=True):
        utility = [None if np.isnan(cell) else cell for cell in row[:3]]
        width = 0.0 if cells[1] is None else cells[2] - cells[1]
        close = [
            None if cell is None else pytest.approx(cell, rel=1e-12, abs=1e-12 + SINGLE * width) for cell in cells[:3]
        ]
        assert utility == close
        assert row[3:] == cells[3:]


def test_a_cohort_without_weights_has_no_such_columns(build_policy, known):
    """Nothing is computed and no column is added where nobody's preferences are known."""
    cohort = cohort_of([({}, None)], known)
    plain = Cohort(cohort.patient_id, cohort.columns, {}, cohort.acknowledged)
    ((_, table),) = recommend_cohort(plain, build_policy(), RULES)
    assert not set(COLUMNS) & set(table)


def test_all_weight_on_symptom_relief_is_the_effect_ranking_in_a_batch(build_policy, known):
    """Ranks by utility and by effect are one and the same column."""
    people = [
        ({"age": float(age), "phq9_week0": float(score)}, {"symptom_relief": 0.7})
        for age, score in zip(range(20, 70), np.linspace(5, 27, 50), strict=True)
    ]
    policy = build_policy(effects=(0, 1.0, 1.1), slopes=((0, 0), (0.5, -0.7), (0.4, 0.2)), error=0.4)
    ((_, table),) = recommend_cohort(cohort_of(people, known), policy, RULES)
    for mine, theirs in (("rank_lower", "lower"), ("rank_upper", "upper")):
        assert table[mine].tolist() == table[f"utility_rank_{theirs}"].tolist()
    assert table["in_top_set"].tolist() == table["in_utility_top_set"].tolist()
    assert table["recommended"].tolist() == table["first_by_utility"].tolist()
    assert len(set(table["rank_lower"].tolist())) > 1


def test_an_unknown_kind_is_an_error_in_a_batch(build_policy, known):
    """As for one patient."""
    cohort = cohort_of([({}, {"time": 1.0})], known)
    wrong = Cohort(cohort.patient_id, cohort.columns, {}, cohort.acknowledged, weights={"side_effects.x": np.ones(1)})
    with pytest.raises(BadInput, match="side effects"):
        list(recommend_cohort(wrong, build_policy(), RULES))
