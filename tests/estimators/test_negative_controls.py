"""Negative controls: planted bias is found, its size too, and where there is none chance explains what is seen."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import SystematicError
from data_contracts.tables import table_from_frame
from estimators.designed_study import design_study
from estimators.negative_controls import MINIMUM_CONTROLS, systematic_errors

CONTROLS = tuple(f"control_{i}" for i in range(12))
N = 1500


def errors(bias: float, seed: int, controls: tuple[str, ...] = CONTROLS) -> tuple[SystematicError, ...]:
    """Two arms chosen by x alone as far as the study knows; a hidden cause lifts every control by ``bias`` SD for b.

    Every control also depends on x, has gaps, and shares a part of its noise with the others, as records do.
    """
    rng = np.random.default_rng(seed)
    x, shared = rng.standard_normal(N), rng.standard_normal(N)
    chosen = 1 / (1 + np.exp(-x))
    b = rng.random(N) < chosen
    frame: dict[str, Any] = {"patient_id": [f"p{i:05d}" for i in range(N)], "arm": np.where(b, "b", "a"), "x": x}
    for i, name in enumerate(CONTROLS):
        noise = np.sqrt(0.8) * rng.standard_normal(N) + np.sqrt(0.2) * shared
        frame[name] = 10 * (0.1 * i * x + bias * b + noise)
    frame["outcome"] = rng.standard_normal(N)
    table = pd.DataFrame(frame)
    table.loc[table.index % 10 == 3, "control_4"] = np.nan
    protocol = StudyProtocol.model_validate(
        {
            "name": "controls",
            "records": {"patient_id": "patient_id", "arm": "arm"},
            "arms": {"reference": "a", "offered": ["b"]},
            "outcome": {"column": "outcome", "direction": "higher_is_better", "unit": "points"},
            "effect_modifiers": ["x"],
            "negative_controls": {"outcomes": list(controls)},
        }
    )
    _, _, design = design_study(check_episodes(table_from_frame(table), protocol), protocol)
    return systematic_errors(design, protocol, np.column_stack([1 - chosen, chosen]))


def test_planted_bias_is_found_with_its_size() -> None:
    """A bias of 0.3 SD in every control: the expected absolute error is that, within 0.1, and beyond chance."""
    (found,) = errors(0.3, 1)
    assert found.arm == "b"
    assert found.mean == pytest.approx(0.3, abs=0.1)
    assert found.expected == pytest.approx(0.3, abs=0.1)
    assert found.beyond_chance > 0.1
    assert [effect.control for effect in found.effects] == list(CONTROLS)


def test_without_bias_chance_explains_what_is_seen() -> None:
    """Of eight unbiased studies none misses the mark of 0.1 beyond chance."""
    assert max(errors(0.0, seed)[0].beyond_chance for seed in range(8)) < 0.1


def test_the_expected_error_is_the_mean_of_a_folded_normal() -> None:
    """The library's figure is E|N(mean, sd)|, by the closed form that anyone can look up."""
    (found,) = errors(0.3, 2)
    sd = max(found.sd, 1e-9)
    ratio = found.mean / sd
    folded = sd * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + found.mean * (1 - 2 * NormalDist().cdf(-ratio))
    assert found.expected == pytest.approx(folded, abs=1e-6)


def test_few_controls_are_not_judged() -> None:
    """Nine controls tell nothing, ten do."""
    assert errors(0.3, 3, CONTROLS[: MINIMUM_CONTROLS - 1]) == ()
    assert len(errors(0.3, 3, CONTROLS[:MINIMUM_CONTROLS])) == 1
