"""Informative dropout: what is lost is made up for, where those who stayed would answer another question."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.scored_study import score_study

ARMS = ("usual", "a", "b")
EFFECTS = np.array([1.0, 0.5])
"""Average effects of a and b."""

PROTOCOL = StudyProtocol.model_validate(
    {
        "name": "lost",
        "records": {"patient_id": "patient_id", "arm": "therapy"},
        "arms": {"reference": "usual", "offered": ["a", "b"]},
        "outcome": {"column": "score", "direction": "higher_is_better", "unit": "points"},
        "effect_modifiers": ["x1", "x2", "x3"],
        "folds": 3,
    }
)


def draw(n: int, seed: int) -> pd.DataFrame:
    """Three arms, confounded by x1 and x2; a helps most whom it keeps least, b the other way round.

    About 42 % have no outcome, missing at random given covariates and arm; at least a tenth of any kind is seen.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    lean = np.column_stack([np.zeros(n), 0.5 * x[:, 0], -0.5 * x[:, 1]]) + rng.gumbel(size=(n, 3))
    arm = lean.argmax(axis=1)
    effect = np.column_stack([np.zeros(n), EFFECTS[0] + 1.5 * x[:, 0], EFFECTS[1] - 1.0 * x[:, 0]])
    score = 2 * x[:, 0] + x[:, 1] + effect[np.arange(n), arm] + rng.normal(size=n)
    leaving = 1.2 * x[:, 0] + 0.4 * x[:, 1] + np.array([-0.3, 0.0, -0.2])[arm]
    seen = rng.random(n) < 0.1 + 0.9 / (1 + np.exp(leaving))
    frame = pd.DataFrame(x, columns=["x1", "x2", "x3"])
    frame.insert(0, "patient_id", [f"P{i:04d}" for i in range(n)])
    frame["therapy"], frame["score"] = np.array(ARMS)[arm], np.where(seen, score, np.nan)
    return frame


def averages(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(2,) average effects over usual care with their standard errors."""
    found = score_study(check_episodes(table_from_frame(frame), PROTOCOL), PROTOCOL).averages["score"]
    return found.effects[1:], found.standard_errors[1:]


@pytest.mark.slow
def test_lost_outcomes_are_made_up_for() -> None:
    """100 draws of 1,000. The same analysis of complete cases is off by more than a third of a point; ours cuts that
    bias by at least 80 %, and its 90 % intervals hold the truth in 0.88 to 0.92 of draws within 3 Monte Carlo errors
    (of about 0.025, as two effects of a draw share the reference).
    """
    ours, complete, held = [], [], []
    for seed in range(100):
        frame = draw(1000, seed)
        effects, errors = averages(frame)
        ours.append(effects - EFFECTS)
        complete.append(averages(frame[frame["score"].notna()])[0] - EFFECTS)
        held.append(np.mean(np.abs(effects - EFFECTS) <= 1.645 * errors))
    left, bias = np.abs(np.mean(ours, axis=0)), np.abs(np.mean(complete, axis=0))
    assert bias.min() > 0.33
    assert left.sum() <= 0.2 * bias.sum()
    error = np.std(held) / 10
    assert 0.88 - 3 * error <= np.mean(held) <= 0.92 + 3 * error
