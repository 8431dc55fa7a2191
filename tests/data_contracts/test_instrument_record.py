"""Answers and totals in one patient's record: found by name, and contradictions told."""

from __future__ import annotations

import math
from typing import Any

import pytest

from data_contracts.instrument_name import item_for
from data_contracts.instrument_record import answer_sheets

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


FITS: list[dict[str, Any]] = [
    {},
    ALL_ONES,
    ALL_ONES | {"phq9": 9},
    ALL_ONES | {"phq9_week0": 9.0},
    ALL_ONES | {"phq9_week0": None},
    ALL_ONES | {"phq9_week0": math.nan},
    {"phq9_item9": 2.0, "phq9_week0": 26},
    {"phq9_item9": "2", "phq9_q9": 2.0, "phq9_week0": "26"},
    {"phq9_item9": None, "phq9_week0": 0},
    {"phq9_item9": 3, "phq9_week0": 1, "phq9_week12": 20},
    {"phq9_week0_item9": 0, "phq9_week0": 4, "phq9_week12": 2},
    {"phq9_week0_item9": 0, "phq9_week12_item9": 3, "phq9_item9": 2},
    {"gad7_item1": 3, "phq9": 0},
]


def disagreements(values: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    """What the sheets of a record say of its values."""
    found = [one for sheet in answer_sheets(values) for one in sheet.disagreements(values)]
    return [(one.instrument.id, one.kind, one.columns) for one in found]


@pytest.mark.parametrize("values", FITS, ids=str)
def test_a_record_that_fits_together_is_not_doubted(values: dict[str, Any]) -> None:
    """What is unknown contradicts nothing, and answers without a time are not compared with one of several times."""
    assert disagreements(values) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (ALL_ONES | {"phq9_week0": 10}, [("PHQ-9", "total", (*sorted(ALL_ONES), "phq9_week0"))]),
        (ALL_ONES | {"phq9_item4": 4}, [("PHQ-9", "scale", ("phq9_item4",))]),
        (
            ALL_ONES | {"phq9_item4": "often", "phq9_item5": 0.5, "phq9": 9},
            [("PHQ-9", "scale", ("phq9_item4",)), ("PHQ-9", "scale", ("phq9_item5",))],
        ),
        ({"phq9_item9": 3, "phq9_week0": 2}, [("PHQ-9", "total", ("phq9_item9", "phq9_week0"))]),
        (
            {"phq9_week0_item9": 3, "phq9_week0": 2, "phq9_week12": 20},
            [("PHQ-9", "total", ("phq9_week0", "phq9_week0_item9"))],
        ),
        ({"phq9_item9": 0, "phq9_q9": 2}, [("PHQ-9", "twice", ("phq9_item9", "phq9_q9"))]),
        ({"phq9_item9": 0, "phq9_week0_item9": 2}, [("PHQ-9", "twice", ("phq9_item9", "phq9_week0_item9"))]),
        ({"hamd17_item4": 3}, [("HAM-D17", "scale", ("hamd17_item4",))]),
        (
            {"phq9_item9": 3, "phq9": 2, "gad7_item1": 7},
            [("GAD-7", "scale", ("gad7_item1",)), ("PHQ-9", "total", ("phq9", "phq9_item9"))],
        ),
    ],
    ids=str,
)
def test_a_contradiction_is_told_by_its_columns(values: dict[str, Any], told: list[Any]) -> None:
    """All at once, whatever the order of the record's columns."""
    assert disagreements(values) == told
    assert disagreements(dict(reversed(values.items()))) == told
