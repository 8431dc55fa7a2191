"""Answers and totals in one patient's record: found by name, and contradictions told."""

from __future__ import annotations

import math
from typing import Any

import pytest

from data_contracts.instrument_name import item_for
from data_contracts.instrument_record import record_problems

ALL_ONES = {f"phq9_item{number}": 1.0 for number in range(1, 10)}


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("phq9_item9", ("PHQ-9", 9, "")), ("PHQ-9 item 9", ("PHQ-9", 9, "")), ("phq9_q9", ("PHQ-9", 9, "")),
        ("phq9item9", ("PHQ-9", 9, "")), ("gad7_i3", ("GAD-7", 3, "")), ("hamd17_item17", ("HAM-D17", 17, "")),
        ("phq9_week0_item9", ("PHQ-9", 9, "week0")), ("phq9_item9_week0", ("PHQ-9", 9, "week0")),
        ("phq9_item10", None), ("phq9_item0", None), ("bdi_ii_item3", None), ("phq9", None), ("phq9_9", None),
        ("phq2_item1", None), ("age", None), ("phq9_change_item3", None),
    ],
)  # fmt: skip
def test_an_item_is_recognised_by_its_name(column: str, said: tuple[str, int, str] | None) -> None:
    """Instrument, number and time; another version, a bare number and an item that does not exist are none."""
    item = item_for(column)
    assert (item and (item.instrument.id, item.number, item.time)) == said


@pytest.mark.parametrize(
    "values",
    [
        {},
        ALL_ONES,
        ALL_ONES | {"phq9": 9},
        ALL_ONES | {"phq9_week0": 9.0},
        ALL_ONES | {"phq9_week0": None},
        ALL_ONES | {"phq9_week0": math.nan},
        {"phq9_item9": 2.0, "phq9_week0": 26},
        {"phq9_item9": None, "phq9_week0": 0},
        {"phq9_item9": 3, "phq9_week0": 1, "phq9_week12": 20},
        {"phq9_week0_item9": 0, "phq9_week0": 4, "phq9_week12": 2},
        {"gad7_item1": 3, "phq9": 0},
    ],
    ids=str,
)
def test_a_record_that_fits_together_has_no_problem(values: dict[str, Any]) -> None:
    """What is unknown contradicts nothing, and answers without a time are not compared with one of several totals."""
    assert record_problems(values) == []


@pytest.mark.parametrize(
    ("values", "where"),
    [
        (ALL_ONES | {"phq9_week0": 10}, ["PHQ-9"]),
        (ALL_ONES | {"phq9_item4": 4}, ["PHQ-9, item 4"]),
        (ALL_ONES | {"phq9_item4": "often", "phq9_item5": 0.5, "phq9": 9}, ["PHQ-9, item 4", "PHQ-9, item 5"]),
        ({"phq9_item9": 3, "phq9_week0": 2}, ["PHQ-9"]),
        ({"phq9_week0_item9": 3, "phq9_week0": 2, "phq9_week12": 20}, ["PHQ-9"]),
        ({"hamd17_item4": 3}, ["HAM-D17, item 4"]),
        ({"phq9_item9": 3, "phq9": 2, "gad7_item1": 7}, ["GAD-7, item 1", "PHQ-9"]),
    ],
    ids=str,
)
def test_a_contradiction_is_told_by_instrument_and_item(values: dict[str, Any], where: list[str]) -> None:
    """All problems at once, whatever the order of the record's columns."""
    assert sorted(problem.where for problem in record_problems(values)) == where
    assert record_problems(dict(reversed(values.items()))) == record_problems(values)
