"""Few events: arms in which nobody had one are not known without error, be the outcome primary or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.scored_study import score_study

PROTOCOL: dict[str, Any] = {
    "name": "few",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual", "offered": ["one", "other"]},
    "effect_modifiers": ["x", "z"],
    "folds": 3,
}


@pytest.mark.parametrize("direction", ["lower_is_better", "higher_is_better"])
def test_two_arms_without_an_event_are_not_told_apart(direction: str) -> None:
    """Eighty patients each without an event: their difference errs by no less than shares of one in 82 do."""
    rng = np.random.default_rng(2)
    records = pd.DataFrame(rng.normal(size=(240, 2)), columns=["x", "z"])
    records["pid"] = [f"P{i:03d}" for i in range(240)]
    records["therapy"] = np.repeat(["usual", "one", "other"], 80)
    records["relapse"] = np.where(np.arange(240) < 80, rng.random(240) < 0.3, 0.0).astype(float)
    outcome = {"column": "relapse", "direction": direction, "unit": "share"}
    protocol = StudyProtocol.model_validate(PROTOCOL | {"outcome": outcome})
    covariance = (
        score_study(check_episodes(table_from_frame(records), protocol), protocol).averages["relapse"].covariance
    )
    error = np.sqrt(covariance[1, 1] + covariance[2, 2] - 2 * covariance[1, 2])
    assert error >= np.sqrt(2 * (1 / 82) * (81 / 82) / 82)
