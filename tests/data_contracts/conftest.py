"""A small table of episodes that has nothing wrong with it, and the protocol that fits it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode import Episodes
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame

EACH = 40
ARMS = ("usual_care", "cbt", "ssri")


@pytest.fixture
def records() -> pd.DataFrame:
    """120 episodes: 40 in each of three arms, row i + 2 of the file being patient i."""
    rng = np.random.default_rng(5)
    n = EACH * len(ARMS)
    return pd.DataFrame(
        {
            "pid": [f"P{number:03d}" for number in range(n)],
            "therapy": np.tile(ARMS, EACH),
            "phq9_week0": rng.integers(10, 28, n),
            "phq9_week12": rng.integers(0, 28, n).astype(float),
            "gad7": rng.integers(0, 22, n),
            "age": rng.normal(45, 12, n),
            "sex": rng.choice(["female", "male"], n),
        }
    )


@pytest.fixture
def content() -> dict[str, Any]:
    """The protocol as YAML would give it."""
    return {
        "name": "small",
        "records": {"patient_id": "pid", "arm": "therapy"},
        "arms": {"reference": "usual_care", "offered": ["cbt", "ssri"]},
        "outcome": {
            "column": "phq9_week12",
            "baseline": "phq9_week0",
            "direction": "lower_is_better",
            "unit": "PHQ-9 points",
        },
        "effect_modifiers": ["phq9_week0", "age"],
        "confounders": ["gad7", "sex"],
    }


@pytest.fixture
def check(content: dict[str, Any]) -> Callable[..., Episodes]:
    """Check a data frame against the protocol, some of its keys changed."""

    def checked(frame: pd.DataFrame, **changes: Any) -> Episodes:
        return check_episodes(table_from_frame(frame, "t.csv"), StudyProtocol.model_validate(content | changes))

    return checked


@pytest.fixture
def refusal(check: Callable[..., Episodes]) -> Callable[..., str]:
    """The message with which a data frame is refused."""

    def message(frame: pd.DataFrame, **changes: Any) -> str:
        with pytest.raises(BadInput) as caught:
            check(frame, **changes)
        return str(caught.value)

    return message
