"""Columns in words: what a clinician reads instead of a study's own names."""

from __future__ import annotations

import pytest

from data_contracts.column_words import column_label, column_words, is_answer
from data_contracts.meaning import Meaning

MEANINGS = {
    "bmi": Meaning(words="body mass index", unit="kg/m²"),
    "prior_ssri": Meaning(words="an SSRI before this episode", answer=True),
    "age": Meaning(words="age at referral"),
    "gad7": Meaning(words="worry"),
}


@pytest.mark.parametrize(
    ("column", "label", "words"),
    [
        ("bmi", "body mass index, kg/m²", "body mass index"),
        ("prior_ssri", "an SSRI before this episode", "an SSRI before this episode"),
        ("age", "age at referral", "age at referral"),
        ("gad7", "worry", "worry"),
        ("phq9_week0", "PHQ-9, week 0", "PHQ-9, week 0"),
        ("phq9_total", "PHQ-9 total", "PHQ-9 total"),
        ("phq9_baseline", "PHQ-9, baseline", "PHQ-9, baseline"),
        ("home_town", "home town", "home town"),
        ("pregnant", "pregnancy", "pregnant"),
        ("sex", "sex", "sex"),
    ],
)
def test_names_in_words(column: str, label: str, words: str) -> None:
    """What the protocol says counts first; then a safety fact, an instrument with its time, the name itself.

    Beside a value a number has its unit; inside a sentence a name that is a word of English stays.
    """
    assert column_label(column, MEANINGS) == label
    assert column_words(column, MEANINGS) == words


def test_yes_and_no() -> None:
    """Columns of a yes or no are marked by the protocol, or are facts of that kind; nothing is guessed."""
    assert is_answer("prior_ssri", MEANINGS)
    assert is_answer("pregnant", {})
    assert not is_answer("prior_ssri", {})
    assert not any(is_answer(name, MEANINGS) for name in ("bmi", "age", "home_town"))
