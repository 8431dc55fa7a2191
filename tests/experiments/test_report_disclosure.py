"""Disclosure control: nobody can be found by subtraction."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.patient_count import Count, Split
from experiments.report.disclosure import (
    SMALL,
    WITHHELD,
    coarse_share,
    disclose,
    disclose_all_patients,
    disclose_falls,
    disclose_left,
    disclose_patients,
    disclose_share,
    least,
)

COUNTS = st.lists(st.one_of(st.integers(0, 14), st.integers(0, 400)), min_size=1, max_size=8)
SMALL_VALUES = range(1, 11)


def each(count: int) -> Count:
    """So many episodes, each of another patient."""
    return Count(count, count)


def _possible(shown: list[int | str], total: int) -> set[int]:
    """Values that a cell shown as <11 could have, for a reader who knows the total and our rules.

    All such cells look alike, so one stands for all: the others take 1 to 10 each, a withheld one 11 or more.
    """
    hidden = total - sum(cell for cell in shown if isinstance(cell, int))
    others, withheld = shown.count(SMALL) - 1, shown.count(WITHHELD)
    most = float("inf") if withheld else 10 * others
    return {value for value in SMALL_VALUES if others + 11 * withheld <= hidden - value <= most}


@given(COUNTS)
def test_no_small_count_can_be_recovered(counts: list[int]) -> None:
    """After subtracting all that is shown from the total, each count under 11 could still be anything from 1 to 10."""
    shown = disclose([*map(each, counts)])
    if SMALL in shown:
        assert _possible(shown, sum(counts)) == set(SMALL_VALUES)


@given(COUNTS)
def test_what_is_shown_is_true_and_never_small(counts: list[int]) -> None:
    """A number shown is the count itself, and no number shown is 1 to 10."""
    for count, cell in zip(counts, disclose([*map(each, counts)]), strict=True):
        assert cell in (count, SMALL, WITHHELD)
        assert cell not in SMALL_VALUES
        assert cell != SMALL or count in SMALL_VALUES


@given(COUNTS)
def test_nothing_is_hidden_without_need(counts: list[int]) -> None:
    """Where no count is 1 to 10 all are shown."""
    if not any(count in SMALL_VALUES for count in counts):
        assert disclose([*map(each, counts)]) == counts


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([100, 11], [100, 11]),
        ([100, 10], [WITHHELD, SMALL]),
        ([100, 1], [WITHHELD, SMALL]),
        ([100, 0], [100, 0]),
        ([100, 50, 10], [WITHHELD, 50, SMALL]),
        ([100, 50, 10, 9], [WITHHELD, 50, SMALL, SMALL]),
        ([11, 100, 9], [WITHHELD, WITHHELD, WITHHELD]),  # 11 + 9 = 20: it could not be 10
        ([11, 100, 10], [WITHHELD, 100, SMALL]),  # 11 + 10 = 21: it could be anything
        ([10, 10, 10], [WITHHELD, WITHHELD, WITHHELD]),
        ([5], [WITHHELD]),
    ],
)
def test_lists_on_the_threshold(counts: list[int], shown: list[int | str]) -> None:
    """10 is hidden with a partner, 11 and 0 are not; a partner too small to hide behind hides all."""
    assert disclose([*map(each, counts)]) == shown


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (48, (48, 0)),
        (47, ("≥38", SMALL)),
        (38, ("≥38", SMALL)),
        (37, (37, 11)),
        (11, (11, 37)),
        (10, (SMALL, "≥38")),
        (1, (SMALL, "≥38")),
        (0, (0, 48)),
    ],
)
def test_left_and_lost_on_the_threshold(left: int, shown: tuple[int | str, int | str]) -> None:
    """Of 48 who started, neither those left nor those lost are told where either are 1 to 10."""
    assert disclose_left(Split(each(left), each(48 - left))) == shown
    assert [least(cell) for cell in shown] <= [left, 48 - left]


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, 0.0),
        (1, "<0.011"),
        (10, "<0.011"),
        (11, 0.011),
        (989, 0.989),
        (990, ">0.989"),
        (999, ">0.989"),
        (1000, 1.0),
    ],
)
def test_shares_on_the_threshold(count: int, shown: float | str) -> None:
    """Of 1000, a share of 1 to 10 patients, or of all but so few, is told as a bound."""
    assert disclose_share(Split(each(count), each(1000 - count))) == shown


@given(st.integers(30, 5000), st.data())
def test_bounds_of_shares_hold(total: int, data: st.DataObject) -> None:
    """A bound on a share is true of every count that it may stand for."""
    count = data.draw(st.integers(0, total))
    shown = disclose_share(Split(each(count), each(total - count)))
    if isinstance(shown, str):
        bound = float(shown[1:])
        assert count / total < bound if shown[0] == "<" else count / total > bound


@given(st.lists(st.one_of(st.integers(0, 14), st.integers(0, 400)), min_size=2, max_size=8))
def test_no_small_fall_between_steps_can_be_read_off(falls: list[int]) -> None:
    """Of counts that fall step by step, no two that are shown differ by 1 to 10; what is shown is true."""
    counts = [sum(falls[i:]) for i in range(len(falls))]
    shown = disclose_falls([*map(each, counts)])
    numbers = [cell for cell in shown if isinstance(cell, int)]
    assert not [a - b for a, b in combinations(numbers, 2) if a - b in SMALL_VALUES]
    for count, cell in zip(counts, shown, strict=True):
        assert cell in (count, SMALL) or least(cell) <= count
        assert cell not in SMALL_VALUES
    if not any(fall in SMALL_VALUES for fall in falls):
        assert shown == counts


AGAIN = st.tuples(st.integers(1, 25), st.integers(0, 40)).map(lambda one: Count(one[0] + one[1], one[0]))
"""Episodes of patients who may come again."""


@given(st.lists(AGAIN, min_size=1, max_size=6))
def test_many_episodes_of_few_patients_are_few(counts: list[Count]) -> None:
    """No number of episodes is shown that fewer than eleven patients had, nor one that is left after all others."""
    shown = disclose(counts)
    hidden = [count for count, cell in zip(counts, shown, strict=True) if not isinstance(cell, int)]
    assert all(count.patients >= 11 for count, cell in zip(counts, shown, strict=True) if isinstance(cell, int))
    assert len(hidden) != 1 or hidden == counts
    if SMALL in shown:
        small = sum(count.patients for count in hidden)
        assert small - (shown.count(SMALL) - 1) - 11 >= 10


@given(AGAIN, AGAIN)
def test_few_patients_with_many_episodes_bound_nothing_closely(inside: Count, outside: Count) -> None:
    """Where 1 to 10 patients are on a side, neither side's episodes are told; bounds of shares hold, in tenths."""
    split = Split(inside, outside)
    left, lost = disclose_left(split)
    if inside.is_small or outside.is_small:
        assert not any(isinstance(side, int) for side in (left, lost))
        told = disclose_share(split)
        assert isinstance(told, str)
        assert split.share < float(told[1:]) if told[0] == "<" else split.share > float(told[1:])
    assert coarse_share(split) <= split.share + 1e-12


@given(st.integers(11, 400), st.integers(0, 60))
def test_how_many_came_again_is_not_told_of_few(patients: int, again: int) -> None:
    """Beside episodes the number of patients is told where none or eleven and more came again, else its least."""
    told = disclose_patients(Count(patients + again, patients))
    assert told == (f"≥{patients + again - 10}" if 0 < again < 11 else patients)
    assert least(told) <= patients


@pytest.mark.parametrize(("several", "told"), [(0, 90), (1, "≥30"), (10, "≥30"), (21, "≥30"), (22, 68)])
def test_how_many_started_several_arms_is_not_told_of_few(several: int, told: int | str) -> None:
    """Of three arms of 30 patients, 22 fewer in all are of 11 patients at least, each in two more arms at most."""
    assert disclose_all_patients([Count(30, 30)] * 3, 90 - several) == told


def test_all_patients_do_not_tell_those_of_an_arm() -> None:
    """Where one patient of an arm came again, which is not told, the number in all would tell it by subtraction."""
    by_arm = [Count(60, 40), Count(31, 30)]
    assert [disclose_patients(count) for count in by_arm] == [40, "≥21"]
    assert disclose_all_patients(by_arm, 70) == "≥40"
