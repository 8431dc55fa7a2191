"""Columns in words: what a clinician reads instead of a study's own names."""

from __future__ import annotations

import pytest

from data_contracts.column_word import column_label, in_words, is_answer, load_column_words
from data_contracts.fact import load_facts
from data_contracts.instrument_name import instrument_for


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("phq9_week0", "PHQ-9, week 0"),
        ("gad7", "GAD-7"),
        ("prior_ssri", "an SSRI before this episode"),
        ("phq9_total", "PHQ-9 total"),
        ("phq9_baseline", "PHQ-9, baseline"),
        ("home_town", "home town"),
    ],
)
def test_names_in_words(column: str, words: str) -> None:
    """A fact's meaning, a shipped word, an instrument with its time, else the name itself without underscores."""
    assert column_label(column) == words


def test_no_column_has_two_names() -> None:
    """A shipped word stands only where neither a safety fact nor an instrument has one."""
    assert not [name for name in load_column_words() if name in load_facts() or instrument_for(name)]


def test_yes_and_no() -> None:
    """Columns of a yes or no are marked, as facts of that kind are; counts and scores are not."""
    assert is_answer("prior_ssri")
    assert is_answer("pregnant")
    assert not any(map(is_answer, ("prior_episodes", "age", "home_town")))


def test_sentences_keep_what_is_no_column() -> None:
    """Whole names alone are put in words, the longest first, and no name that is also a word of English."""
    columns = ("phq9", "phq9_week0", "age", "sex")
    told = in_words("The average age with phq9_week0 of 15, not phq9_week01 and not x-phq9.", columns)
    assert told == "The average age with PHQ-9, week 0 of 15, not phq9_week01 and not x-phq9."
    assert in_words("age", ("age",)) == "age"
