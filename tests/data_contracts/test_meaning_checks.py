"""What a protocol says that its columns mean is held against the records."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

Refusal = Callable[..., str]


def with_answers(records: pd.DataFrame, *answers: float) -> pd.DataFrame:
    """The records with a column of these answers in turn."""
    return records.assign(prior=np.resize(answers, len(records)))


ASKED = {"confounders": ["sex", "prior"], "meanings": {"prior": {"words": "an earlier episode", "answer": True}}}


def test_a_yes_or_no_is_one_or_zero(records: pd.DataFrame, check: Callable[..., object], refusal: Refusal) -> None:
    """1, 0 and nothing are taken; another number and text are refused with their place."""
    assert check(with_answers(records, 1.0, 0.0, np.nan), **ASKED)
    message = refusal(with_answers(records, 1.0, 0.0, 2.0).iloc[:60], **ASKED)
    assert "t.csv, prior: expected 1 for yes, 0 for no, or nothing" in message
    assert "20 rows" in message
    as_text = records.assign(prior=np.resize(["yes", "no"], len(records)))
    assert "t.csv, prior: expected 1 for yes, 0 for no, or nothing, as meanings say; found text" in refusal(
        as_text, **ASKED
    )


def test_no_two_columns_read_alike(records: pd.DataFrame, refusal: Refusal) -> None:
    """Words that another column has by its own name are refused; both columns are named."""
    message = refusal(records, meanings={"age": {"words": "GAD-7"}})
    assert "protocol, meanings: expected words that no two columns share" in message
    assert "gad7" in message
    assert "age" in message
