"""The clinic's other outcomes, whose truth is known: average effects and their intervals, outcome by outcome."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.scored_study import score_study
from estimators.worlds.clinic import clinic

Z = 1.6448536269514722


@pytest.mark.slow
def test_average_effects_of_every_outcome_are_covered() -> None:
    """In 12 clinics of 1,500, 90 % intervals of every outcome's average effects hold the truth in at least 90 % less 3
    Monte Carlo errors, over outcomes and arms together; no outcome's mean error exceeds 4 of its standard errors.
    """
    held: dict[str, list[float]] = {}
    errors: dict[str, list[np.ndarray]] = {}
    for seed in range(12):
        drawn = clinic(1_500, 300 + seed)
        protocol = StudyProtocol.model_validate(drawn.protocol)
        study = score_study(check_episodes(table_from_frame(drawn.records), protocol), protocol)
        for outcome in protocol.secondary:
            found = study.averages[outcome.column]
            truth = np.array([drawn.truth[f"{outcome.column}_effect_{arm}"].mean() for arm in protocol.arms.names])
            gap = (found.effects - truth)[1:]
            held.setdefault(outcome.column, []).append(float(np.mean(np.abs(gap) <= Z * found.standard_errors[1:])))
            errors.setdefault(outcome.column, []).append(gap / found.standard_errors[1:])
    shares = np.mean(list(held.values()), axis=0)
    assert shares.mean() >= 0.90 - 3 * shares.std() / np.sqrt(len(shares))
    for gaps in errors.values():
        assert np.abs(np.mean(gaps, axis=0)).max() < 4 / np.sqrt(len(gaps))
