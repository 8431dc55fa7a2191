"""One column: which instrument it holds, and what may stand in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.column_checks import instrument_of, number_problems
from data_contracts.episode import Episodes
from data_contracts.errors import RowName
from data_contracts.protocol import StudyProtocol
from data_contracts.row_numbers import RowNumbers


@pytest.mark.parametrize(
    ("column", "instrument"),
    [
        ("phq9_week12", "PHQ-9"),
        ("phq9_week0", "PHQ-9"),
        ("gad7", "GAD-7"),
        ("age", None),
        ("sex", None),
    ],
)
def test_an_instrument_is_known_by_its_name(column: str, instrument: str | None, content: dict[str, Any]) -> None:
    """A column named after an instrument is held to its range; others are not."""
    found = instrument_of(column, StudyProtocol.model_validate(content))
    assert (found.id if found else None) == instrument


def test_the_outcomes_unit_names_the_instrument(content: dict[str, Any]) -> None:
    """A column of any name is a PHQ-9 if the protocol gives its outcome in PHQ-9 points; its baseline too."""
    outcome = {"column": "y", "baseline": "y0", "direction": "lower_is_better", "unit": "PHQ-9 points"}
    protocol = StudyProtocol.model_validate(content | {"outcome": outcome})
    for name in ("y", "y0"):
        found = instrument_of(name, protocol)
        assert found is not None
        assert found.id == "PHQ-9"


def test_the_protocols_word_goes_before_the_name(content: dict[str, Any]) -> None:
    """A column can be declared to hold another instrument than its name says."""
    found = instrument_of("gad7", StudyProtocol.model_validate(content | {"instruments": {"gad7": "PHQ-9"}}))
    assert found is not None
    assert found.id == "PHQ-9"


def test_an_instrument_that_nobody_knows_is_told(records: pd.DataFrame, refusal: Callable[..., str]) -> None:
    """A misspelt instrument is a fault of the protocol, with the known ones listed."""
    message = refusal(records, instruments={"age": "PHQ-99"})
    assert "protocol, instruments.age" in message
    assert "PHQ-9" in message


@pytest.mark.parametrize(
    ("score", "taken"), [(0.0, True), (27.0, True), (13.5, True), (np.nan, True), (-0.5, False), (27.5, False)]
)
def test_range_ends_belong_to_the_range(score: float, taken: bool, content: dict[str, Any]) -> None:
    """The smallest and the largest total are valid, so is a missing one; half a point beyond is not."""
    column = np.array([5.0, score])
    problems = list(number_problems(column, "phq9_week0", "here", StudyProtocol.model_validate(content), RowNumbers()))
    assert (problems == []) == taken


@pytest.mark.parametrize("vast", [8.98846567431158e307, -1e160])
@pytest.mark.parametrize("column", ["age", "phq9_week12"])
def test_the_largest_number_is_no_measurement(
    column: str, vast: float, records: pd.DataFrame, refusal: Callable[..., str]
) -> None:
    """Some programs write their largest number for a missing value: it is refused by row, and not told."""
    frame = records.assign(**{column: records[column].astype(float)})
    frame.loc[7, column] = vast
    message = refusal(frame, outcome={"column": "phq9_week12", "direction": "lower_is_better", "unit": "points"})
    assert f"{column}: expected numbers up to 1e+100 in size; found a larger one in 1 row (row 9;" in message
    assert "e+307" not in message
    assert "e+160" not in message


def test_differences_that_vanish_when_squared_are_refused(records: pd.DataFrame, refusal: Callable[..., str]) -> None:
    """A covariate that would be adjusted for in name alone is a fault of the table."""
    message = refusal(records.assign(age=1e-200 * records["age"]))
    assert "age: expected values whose differences a computer can square" in message


@pytest.mark.parametrize("levels", [30, 31])
def test_up_to_thirty_categories(
    levels: int, records: pd.DataFrame, check: Callable[..., Episodes], refusal: Callable[..., str]
) -> None:
    """Thirty categories are taken, one more looks like an identifier; the message counts and names none."""
    names = [f"town{i % levels}" if i >= 60 else f"town{i % 2}" for i in range(120)]
    frame = records.assign(sex=names)
    if levels == 30:
        assert check(frame).n == 120
    else:
        message = refusal(frame)
        assert "at most 30 categories; found 31" in message
        assert "town" not in message


def test_text_among_numbers_is_a_fault_unless_declared(
    records: pd.DataFrame, check: Callable[..., Episodes], refusal: Callable[..., str]
) -> None:
    """A mixed column is refused, with the way out named: list it under categorical."""
    frame = records.assign(age=[str(i % 5) if i % 2 else "unknown" for i in range(120)])
    assert "categorical" in refusal(frame)
    assert check(frame, categorical=["age"]).columns["age"].dtype == object


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    """The header is row 1, so the first record is row 2."""
    assert RowNumbers().told(np.array([True, False, True])) == "2 rows (row 2, 4; the header is row 1)"
    named = RowNumbers(np.array([9, 8, 7]), RowName("episode", "patients.csv row"))
    assert named.told(np.array([True, False, True])) == "2 episodes (patients.csv row 7, 9)"
    assert named.told(np.zeros(3, dtype=np.bool_)) == ""
