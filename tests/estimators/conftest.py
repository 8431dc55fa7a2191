"""Scored episodes with a known truth, and one small study that many tests look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import Episodes
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.basis_design import linear_basis
from estimators.learn import Learned, learn
from estimators.worlds import simulate

LENIENT = {"min_effective": 90, "min_slope": 0.0, "slope_confidence": 0.501}
"""Gates under which arms vary with the patient as soon as the slope over all arms is above zero."""

SMALL = {
    "name": "small",
    "records": {"patient_id": "patient_id", "arm": "therapy"},
    "arms": {"reference": "usual", "offered": ["a", "b", "c", "d"]},
    "outcome": {"column": "score_week12", "direction": "lower_is_better", "unit": "points"},
    "effect_modifiers": ["x1", "x2", "x3", "x4", "x5", "x6"],
    "folds": 3,
    "gates": LENIENT,
}


@dataclass(frozen=True)
class Study:
    """A study that was learned, with what it was learned from."""

    records: pd.DataFrame
    truth: pd.DataFrame
    protocol: StudyProtocol
    episodes: Episodes
    learned: Learned


def run(records: pd.DataFrame, truth: pd.DataFrame, protocol: dict[str, Any]) -> Study:
    """Check and learn."""
    checked = StudyProtocol.model_validate(protocol)
    episodes = check_episodes(table_from_frame(records), checked)
    return Study(records, truth, checked, episodes, learn(episodes, checked))


@pytest.fixture(scope="session")
def run_study() -> Callable[..., Study]:
    """Learns a study of a simulated world: ``run_study(world, n, seed, **changes of the protocol)``."""

    def go(world: str, n: int, seed: int, **changes: Any) -> Study:
        drawn = simulate(world, n, seed)
        return run(drawn.records, drawn.truth, {**drawn.protocol, **changes})

    return go


@pytest.fixture(scope="session")
def small() -> Study:
    """600 patients, five arms of which two have strongly varying effects, three folds, lenient gates.

    Confounded by x1 and x2; x5 and x6 are noise; lower outcomes are better. Arm d, the rarest, has too few effective
    episodes to vary.
    """
    rng = np.random.default_rng(3)
    arms = np.array(["usual", "a", "b", "c", "d"], dtype=object)
    x = rng.normal(size=(600, 6))
    leaning = x @ np.array([[0, 0.4, 0, -0.3, 0], [0, 0, 0.3, 0.3, -0.3], *[[0] * 5] * 4]) + rng.gumbel(size=(600, 5))
    leaning[:, 4] -= 0.5
    arm = leaning.argmax(axis=1)
    effect = np.array([0, 1.0, 1.5, 2.0, 1.0]) + x @ np.array([[0, 1.5, 0, 0, 0], [0, 0, 0, -1.5, 0], *[[0] * 5] * 4])
    records = pd.DataFrame(x, columns=[f"x{i}" for i in range(1, 7)])
    records.insert(0, "patient_id", [f"P{i:04d}" for i in range(600)])
    records["therapy"] = arms[arm]
    records["score_week12"] = 11 + x[:, 0] - x[:, 1] - effect[np.arange(600), arm] + rng.normal(size=600)
    truth = pd.DataFrame(effect, columns=[f"effect_{name}" for name in arms])
    return run(records, truth, SMALL)


@pytest.fixture(scope="session")
def relearn(small: Study) -> Callable[..., Study]:
    """Learns the small study again with changed records or protocol."""

    def go(records: pd.DataFrame | None = None, **changes: Any) -> Study:
        protocol = {**small.protocol.model_dump(mode="json"), **changes}
        return run(small.records if records is None else records, small.truth, protocol)

    return go


@pytest.fixture(scope="session")
def draw_scores() -> Callable[..., ScoredEpisodes]:
    """Draws a score matrix whose effects are known, without nuisances.

    ``draw_scores(n, seed, slopes)``: arm k's contrast with the reference has mean ``effects[k]`` and varies by
    ``slopes[k]`` for one SD of each feature. Noise is that of a balanced trial: Γ is the augmented score with the
    reference's outcome model right and everything else unexplained.
    """

    def go(
        n: int,
        seed: int,
        slopes: Sequence[Sequence[float]],
        *,
        effects: Sequence[float] | None = None,
        shares: Sequence[float] | None = None,
        folds: int = 5,
        cluster_size: int = 1,
        noise: float = 1.0,
    ) -> ScoredEpisodes:
        rng = np.random.default_rng(seed)
        slope = np.asarray(slopes, dtype=float)
        arms, p = slope.shape
        x = rng.normal(size=(n, p))
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        share = np.full(arms, 1 / arms) if shares is None else np.asarray(shares, dtype=float)
        arm = rng.choice(arms, size=n, p=share)
        mean = np.zeros(arms) if effects is None else np.asarray(effects, dtype=float)
        under = mean + x @ slope.T
        outcome = under[np.arange(n), arm] + noise * rng.normal(size=n)
        expected = np.repeat(mean[None], n, axis=0)
        scores = expected.copy()
        scores[np.arange(n), arm] += (outcome - mean[arm]) / share[arm]
        return ScoredEpisodes(
            scores=scores,
            modifiers=x,
            arm=arm.astype(np.int64),
            outcome=outcome,
            expected=expected,
            propensity=np.repeat(share[None], n, axis=0),
            observation=np.ones((n, arms)),
            fold=(np.arange(n) // cluster_size % folds).astype(np.int64),
            cluster=(np.arange(n) // cluster_size).astype(np.int64),
            basis=linear_basis(p),
        )

    return go
