"""A differencing attack: whoever adds and subtracts all that a study exports learns no count under eleven."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import AttritionLine, Episodes
from data_contracts.patient_count import Count, Split
from data_contracts.protocol import StudyProtocol
from estimators.conformal import outcome_ranges
from estimators.group_fairness import Advised, judge_groups
from estimators.held_out_advice import HeldOutAdvice
from estimators.scores import score_matrix
from experiments.fit import files_of, gates_of
from experiments.group_counts import counts_told
from experiments.group_levels import levels_of
from experiments.report.attrition import attrition
from experiments.report.disclosure import SMALL, WITHHELD, coarse_share, completed, disclose
from experiments.report.summary import summarise
from experiments.report.table_one import RARE_LEVELS, table_one
from experiments.run_record import metrics

ARMS = ("usual_care", "cbt", "ssri")
FACTORS = {"sex": 2, "ethnicity": 4, "work": 3}
"""Covariates with their numbers of levels."""

PROTOCOL = StudyProtocol.model_validate(
    {
        "name": "attacked",
        "records": {"patient_id": "pid", "arm": "therapy"},
        "arms": {"reference": "usual_care", "offered": ["cbt", "ssri"]},
        "outcome": {"column": "phq9", "direction": "lower_is_better", "unit": "points"},
        "effect_modifiers": ["sex", "ethnicity", "work"],
    }
)


def clinic(seed: int) -> Episodes:
    """300 episodes whose covariates have common and rare levels, some of them rare in one arm alone."""
    rng = np.random.default_rng(seed)
    arm = rng.choice(3, size=300, p=(0.6, 0.3, 0.1))
    shares = {name: rng.dirichlet(np.full(levels, 0.5), size=3) for name, levels in FACTORS.items()}
    columns = {
        name: np.array([f"{name}{rng.choice(FACTORS[name], p=shares[name][k])}" for k in arm], dtype=object)
        for name in FACTORS
    }
    rows = np.arange(300)
    return Episodes(ARMS, {}, arm, rows, np.zeros(300, dtype=np.int64), columns, {}, (), "0" * 64)


def each(count: int) -> Count:
    """So many episodes, each of another patient."""
    return Count(count, count)


def tables(episodes: Episodes) -> dict[str, list[list[Any]]]:
    """What Table 1 shows of each covariate: a list of levels for each arm."""
    rows = table_one(episodes, PROTOCOL)["rows"]
    return {
        row["column"]: [[level["by_arm"][name]["n"] for level in row["levels"]] for name in episodes.arms]
        for row in rows
    }


def bounds(
    shown: dict[str, list[list[Any]]], totals: list[int], name: str, arm: int, level: int
) -> tuple[float, float]:
    """Smallest and largest count that a cell may have, given all two-way margins, arms' totals and our rules.

    The unknowns are the cells of the whole cross-classification of the arm by every covariate.
    """
    sizes = [len(shown[column][0]) for column in shown]
    cells = list(product(*(range(size) for size in sizes)))
    at = {column: i for i, column in enumerate(shown)}

    def margin(column: str, value: int) -> np.ndarray:
        return np.array([float(cell[at[column]] == value) for cell in cells])

    equal, equals = [np.ones(len(cells))], [float(totals[arm])]
    upper, uppers = [], []
    for column, arms in shown.items():
        for value, cell in enumerate(arms[arm]):
            row = margin(column, value)
            if isinstance(cell, int):
                equal.append(row)
                equals.append(float(cell))
            elif cell == SMALL:
                upper += [row, -row]
                uppers += [10.0, -1.0]
            elif SMALL in arms[arm]:
                upper.append(-row)
                uppers.append(-11.0)
    goal = margin(name, level)
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            sign * goal,
            A_ub=np.array(upper) if upper else None,
            b_ub=uppers or None,
            A_eq=np.array(equal),
            b_eq=equals,
        )
        assert found.status == 0
        ends.append(sign * found.fun)
    return ends[0], ends[1]


@pytest.mark.parametrize("seed", range(8))
def test_two_way_margins_tell_nothing_of_a_hidden_cell(seed: int) -> None:
    """By linear programming over every two-way margin each cell told as <11 may still be anything from 1 to 10, and
    each withheld one lies in a stretch of at least ten.
    """
    episodes = clinic(seed)
    shown, totals = tables(episodes), [episodes.counts[name] for name in ARMS]
    hidden = [
        (name, arm, level, cell)
        for name, arms in shown.items()
        for arm, levels in enumerate(arms)
        for level, cell in enumerate(levels)
        if not isinstance(cell, int)
    ]
    assert hidden
    for name, arm, level, cell in hidden:
        low, high = bounds(shown, totals, name, arm, level)
        if cell == SMALL:
            assert (round(low, 6), round(high, 6)) == (1.0, 10.0), (name, arm, level)
        else:
            assert cell == WITHHELD
            assert high - low >= 9


def test_the_attack_works_where_nothing_is_hidden_beside() -> None:
    """The same attack finds a lone hidden cell exactly, so that it is no attack of straw."""
    shown = {"sex": [[SMALL, 93]], "work": [[50, 50]]}
    low, high = bounds(shown, [100], "sex", 0, 0)
    assert (round(low), round(high)) == (7, 7)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(40, 90)), min_size=3, max_size=3))
def test_the_model_card_tells_no_sum_that_the_report_keeps_back(losses: list[tuple[int, int]]) -> None:
    """Patients lost by arm, 1 to 10 of them, cannot be had by subtracting the report's arms from the card's total."""
    started = {name: count for name, (_, count) in zip(ARMS, losses, strict=True)}
    left = {name: count - lost for name, (lost, count) in zip(ARMS, losses, strict=True)}
    arm = np.repeat(np.arange(3), list(started.values()))
    base = clinic(0)
    lines = (AttritionLine("Episodes started", started), AttritionLine("With phq9 observed", left))
    episodes = replace(base, arm=arm, patient=np.arange(len(arm)), attrition=lines)
    told = attrition(episodes)[1]
    total = told["total_left"]
    hidden = [name for name in ARMS if not isinstance(told["left"][name], int)]
    if hidden:
        assert not isinstance(total, int)
    if any(0 < lost < 11 for lost, _ in losses):
        assert hidden


def test_nothing_that_is_exported_says_more_than_the_report(result: Any) -> None:
    """Counts in gates, policy, model card and metrics are those of arms and whole studies, and rates are coarse."""
    report, gates = summarise(result), gates_of(result)
    card = json.loads(files_of(result)["model_card.json"])
    assert [line["episodes"] for line in card["attrition"]] == [step["total_left"] for step in report["attrition"]]
    assert metrics(result)["episodes"] == result.episodes.n
    share = next(gate["value"] for gate in gates["gates"] if gate["name"] == "equipoise")
    assert share == round(share, 3)


@given(st.integers(60, 3000), st.data())
def test_a_coarse_share_hides_ten_on_either_side(total: int, data: st.DataObject) -> None:
    """All numbers of 1 to 10 inside give the same share, and so do all of 1 to 10 outside; it is never too large."""
    inside = data.draw(st.integers(0, total))

    def share(count: int) -> float:
        return coarse_share(Split(each(count), each(total - count)))

    assert share(inside) <= inside / total + 1e-12
    assert {share(few) for few in range(1, 11)} == {0.0}
    assert len({share(total - few) for few in range(1, 12)}) == 1


@settings(max_examples=200)
@given(st.lists(st.one_of(st.integers(0, 14), st.integers(11, 200)), min_size=2, max_size=6), st.data())
def test_what_is_completed_hangs_on_what_is_shown_alone(counts: list[int], data: st.DataObject) -> None:
    """Lists that are shown alike are completed alike, whatever they hide; totals stay, and no count is below 0."""
    shown = disclose([*map(each, counts)])
    whole = completed(shown, sum(counts))
    assert sum(whole) == sum(counts) or all(cell == WITHHELD for cell in shown)
    assert min(whole) >= 0
    assert all(count == cell for count, cell in zip(whole, shown, strict=True) if isinstance(cell, int))
    small = [i for i, cell in enumerate(shown) if cell == SMALL]
    if small:
        other, held = list(counts), list(shown).index(WITHHELD)
        one = data.draw(st.sampled_from(small))
        other[one] = data.draw(st.integers(1, 10))
        other[held] += counts[one] - other[one]
        if (again := disclose([*map(each, other)])) == shown:
            assert completed(again, sum(other)) == whole


def judged(episodes: Episodes, name: str) -> tuple[Any, ...]:
    """All that the groups' section and the kinds of patients tell of how many there are."""
    rng = np.random.default_rng(0)
    n, arms = episodes.n, len(ARMS)
    outcome, share, ones = rng.normal(size=n), np.full((n, arms), 1 / arms), np.ones((n, arms))
    flat = np.zeros((n, arms))
    data = ScoredEpisodes(
        scores=score_matrix(episodes.arm, outcome, flat, share, ones), modifiers=flat[:, :1], arm=episodes.arm,
        outcome=outcome, expected=flat, propensity=share, observation=ones, fold=np.arange(n) % 5,
        cluster=np.arange(n), basis=None,  # type: ignore[arg-type]  # not read
    )  # fmt: skip
    can = np.ones((n, arms), dtype=np.bool_)
    ranges = outcome_ranges(rng.normal(size=(n, 1)), data, flat, can)
    study = Advised(ARMS, data, HeldOutAdvice(flat, flat), can, flat[:, :1], ranges, 0.9)
    levels = levels_of(name, episodes.columns[name])
    counts = counts_told(levels, episodes)
    groups = {(name, level): rows for level, rows in levels.items()}
    found = judge_groups(study, groups, {(name, level): told for level, told in counts.items()}, {})
    told = [(one.level, one.patients, one.share, one.started) for one in found.groups]
    return (*told, found.not_assessable, *sorted((level, int(told.sum())) for level, told in counts.items()))


@pytest.mark.parametrize("seed", range(8))
def test_groups_tell_no_count_that_table_one_hides(seed: int) -> None:
    """Whatever from 1 to 10 a hidden cell is, as long as Table 1 is the same the groups' figures are the same: sizes,
    shares, who started what, and which groups are large enough to be judged.
    """
    episodes, tried = clinic(seed), 0
    for name, arms in tables(episodes).items():
        row = next(row for row in table_one(episodes, PROTOCOL)["rows"] if row["column"] == name)
        levels = [one["level"] for one in row["levels"]]
        for arm, cells in enumerate(arms):
            for cell, level in zip(cells, levels, strict=True):
                if cell != SMALL or level == RARE_LEVELS:
                    continue
                held = levels[cells.index(WITHHELD)]
                rows = np.flatnonzero((episodes.arm == arm) & (episodes.columns[name] == held))
                column = episodes.columns[name].copy()
                column[rows[:1]] = level
                other = replace(episodes, columns={**episodes.columns, name: column})
                if tables(other) == tables(episodes):
                    assert judged(other, name) == judged(episodes, name)
                    tried += 1
    assert tried


def test_a_rare_level_is_named_nowhere() -> None:
    """What one patient alone is, or two, is no name of a group; together they are one group of the rare."""
    column = np.array(["north"] * 150 + ["south"] * 120 + ["Zebedee"] + ["Dougal"] * 2 + [None] * 3, dtype=object)
    levels = levels_of("region", column)
    assert set(levels) == {"north", "south", RARE_LEVELS}
    assert levels[RARE_LEVELS].sum() == 6
    ages = levels_of("age", np.array([15.0] * 3 + list(np.linspace(18, 64, 200))))
    assert RARE_LEVELS in ages
    assert "below 18" not in ages
