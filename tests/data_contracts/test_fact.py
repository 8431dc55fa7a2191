"""Safety facts: what is read, what is unknown, and what is an error that never repeats the value."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from data_contracts.fact import Answer, Fact, UnreadableFact, load_facts, read_fact

FACTS = load_facts()
ANSWERS = [
    ("yes", Answer.YES), ("YES", Answer.YES), (" Yes ", Answer.YES), ("true", Answer.YES), ("1", Answer.YES),
    (True, Answer.YES), (1, Answer.YES), (1.0, Answer.YES), (np.True_, Answer.YES), (np.int64(1), Answer.YES),
    ("no", Answer.NO), ("No", Answer.NO), ("FALSE", Answer.NO), (False, Answer.NO), (0, Answer.NO), (0.0, Answer.NO),
    (Answer.YES, Answer.YES), (Answer.NO, Answer.NO), (Answer.UNKNOWN, Answer.UNKNOWN),
]  # fmt: skip
BLANKS = [None, math.nan, np.nan, Decimal("nan"), "", "   ", "unknown", "Unknown", "NaN", pd.NA, pd.NaT]
NUMBERS = [
    ("age", 34, 34.0), ("age", "34", 34.0), ("age", 17.9, 17.9), ("age", 0, 0.0), ("age", 120, 120.0),
    ("age", Decimal(41), 41.0), ("age", np.float64(41.5), 41.5), ("age", np.array(41), 41.0),
    ("phq9_item9", 0, 0.0), ("phq9_item9", 3, 3.0), ("phq9_item9", "2", 2.0), ("phq9_item9", 1.0, 1.0),
]  # fmt: skip
UNREADABLE = [
    ("age", "1_7"), ("age", "3e1"), ("age", True), ("age", math.inf), ("age", 10**400),
    ("age", "adult"), ("age", [34]), ("phq9_item9", 4), ("phq9_item9", -1), ("phq9_item9", 1.5), ("phq9_item9", "yes"),
    ("phq9_item9", False), ("cssrs_q4", 2), ("cssrs_q4", -1), ("cssrs_q5", "maybe"), ("cssrs_q5", 0.5),
    ("cssrs_q6_past_3_months", "y e s"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "answer"), ANSWERS, ids=repr)
def test_answers_are_read_in_every_usual_spelling(raw: object, answer: Answer) -> None:
    """Yes and no are read from text, booleans, zeros and ones, in any case."""
    assert read_fact("cssrs_q4", raw) is answer


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_a_blank_is_unknown_and_never_absent(name: str, blank: object) -> None:
    """Whatever stands for a missing value is unknown: not zero, not no, and not an error."""
    assert read_fact(name, blank) is Answer.UNKNOWN


@pytest.mark.parametrize(("name", "raw", "number"), NUMBERS)
def test_numbers_are_read_up_to_both_ends_of_their_range(name: str, raw: object, number: float) -> None:
    """Numbers arrive as floats, from any type a table or record may hold."""
    read = read_fact(name, raw)
    assert type(read) is float
    assert read == number


@pytest.mark.parametrize(("name", "raw"), UNREADABLE)
def test_what_cannot_be_read_is_an_error_and_not_unknown(name: str, raw: object) -> None:
    """A value that was given but makes no sense is told, by the name of its fact."""
    with pytest.raises(UnreadableFact) as caught:
        read_fact(name, raw)
    assert isinstance(caught.value, ValueError)
    assert caught.value.problem.where == name


@pytest.mark.parametrize("raw", [-1, 120.5, "130", 7777])
def test_an_age_that_no_human_has_is_unknown(raw: object) -> None:
    """It is asked about as a contradiction of the record, and a rule on age takes it for no age at all."""
    assert read_fact("age", raw) is Answer.UNKNOWN
    assert [name for name, fact in FACTS.items() if fact.queried] == ["age"]


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.kind != "names" and not fact.queried])
@pytest.mark.parametrize("raw", [7777, 7777.5, "7777", "Jane Doe 7777", b"7777"])
def test_a_message_never_repeats_the_value(name: str, raw: object) -> None:
    """No message carries what a patient's record said."""
    with pytest.raises(UnreadableFact) as caught:
        read_fact(name, raw)
    assert "7777" not in str(caught.value)
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "names"),
    [("none", set()), (" Sertraline ; CBT", {"sertraline", "cbt"}), ("ssri;", {"ssri"})],
)
def test_names_are_read_apart(raw: str, names: set[str]) -> None:
    """Names come in lower case, and "none" says that there are none: that is known, not unknown."""
    assert read_fact("intolerances", raw) == names


@pytest.mark.parametrize("raw", [";", "none; ssri", 3, True])
def test_names_that_contradict_themselves_are_an_error(raw: object) -> None:
    """Both none and a name, or no text at all, cannot be read."""
    with pytest.raises(UnreadableFact):
        read_fact("intolerances", raw)


def test_item_nine_goes_out_of_date_first() -> None:
    """Thoughts of suicide change faster than anything else that is asked."""
    days = {name: fact.valid_days for name, fact in FACTS.items()}
    assert all(days["phq9_item9"] < days[name] for name in days if name != "phq9_item9")


def test_only_an_answer_lasts() -> None:
    """A number cannot hold for life."""
    with pytest.raises(ValueError, match="lasting"):
        Fact(name="weight", kind="number", meaning="weight", valid_days=1, lasting=True)


def test_an_undeclared_fact_is_told_with_the_nearest_name() -> None:
    """A misspelt fact is an error, for it would otherwise pass for a fact nobody knows."""
    with pytest.raises(UnreadableFact, match="phq9_item9"):
        read_fact("phq9_item_9", 1)
