"""Few events: arms in which nobody had one are not known without error, be the outcome primary or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.few_events import variance_floor
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


def test_episodes_of_few_patients_are_few(draw_scores: Callable[..., ScoredEpisodes]) -> None:
    """Nobody had an event: with one episode each the floor goes by episodes, with ten by patients."""
    drawn = draw_scores(400, 1, [[0.0], [0.0]])
    data = replace(drawn, outcome=np.zeros(400), arm=np.arange(400) // 200)
    share = np.array([1 / 202, 1 / 22])
    np.testing.assert_allclose(variance_floor(data), share[0] * (1 - share[0]) / 202)
    again = replace(data, cluster=np.arange(400) // 10)
    np.testing.assert_allclose(variance_floor(again), share[1] * (1 - share[1]) / 22)
