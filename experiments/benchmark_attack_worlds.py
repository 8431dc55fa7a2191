"""Worlds with something planted that an attack on a study has to find, and what is true of each, worked out apart."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from data_contracts.episode import FloatArray
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.scored_study import ScoredStudy, score_study
from estimators.worlds.ground import NOISE_SD, draw_covariates, propensity
from estimators.worlds.hidden_confounder import LEANING, POINTS
from estimators.worlds.world import expit

POPULATION = 200_000
"""Patients by whom truths are worked out."""

GAP = 0.4
"""Points by which the new arm is better where lost outcomes are what is planted."""

LOST = 0.25
"""Share lost under the new arm where lost outcomes are what is planted."""


def two_arms(frame: pd.DataFrame, controls: tuple[str, ...] = ()) -> ScoredStudy:
    """The study of a table with ``arm`` (a or b), ``x``, ``z`` and ``outcome``, learned with its own nuisances."""
    frame = frame.assign(patient_id=[f"p{i:06d}" for i in range(len(frame))])
    protocol = StudyProtocol.model_validate(_protocol("two", ["b"], ["x", "z"], controls))
    return score_study(check_episodes(table_from_frame(frame), protocol), protocol)


def three_arms(frame: pd.DataFrame) -> ScoredStudy:
    """The same of a table with the arms a, b and c."""
    frame = frame.assign(patient_id=[f"p{i:06d}" for i in range(len(frame))])
    protocol = StudyProtocol.model_validate(_protocol("three", ["b", "c"], ["x", "z"], ()))
    return score_study(check_episodes(table_from_frame(frame), protocol), protocol)


def _protocol(name: str, offered: list[str], modifiers: list[str], controls: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "records": {"patient_id": "patient_id", "arm": "arm"},
        "arms": {"reference": "a", "offered": offered},
        "outcome": {"column": "outcome", "direction": "higher_is_better", "unit": "points"},
        "effect_modifiers": modifiers,
        "folds": 3,
        "negative_controls": {"outcomes": list(controls)},
    }


def true_strengths() -> dict[int, tuple[float, float, float, float]]:
    """How strong the cause of the world ``hidden_confounder`` is between each arm (code) and the reference.

    Worked out from the world's own probabilities over a population, no study being looked at.

    Returns:
        Shares that it explains of outcome and of choice, and the largest odds ratios, over all patients, by which it
        changes the odds of the arm and of the reference.
    """
    x = draw_covariates(POPULATION, np.random.default_rng(1))
    chances = [propensity(x, log_odds=sign * np.asarray(LEANING)) for sign in (1.0, -1.0)]
    short = (chances[0] + chances[1]) / 2
    leaning = (chances[0] - chances[1]) / 2 / short  # the cause's mean among those who got each arm
    odds = np.max([np.abs(np.log(e / (1 - e)) - np.log(short / (1 - short))) for e in chances], axis=(0, 1))
    found = {}
    for arm in range(1, short.shape[1]):
        pair = [0, arm]
        weight = short[:, pair]
        left = float((weight * (1 - leaning[:, pair] ** 2)).sum() / weight.sum())
        explained = POINTS**2 * left
        long = float(np.mean([(1 / e[:, pair]).sum(axis=1) for e in chances]))
        choice = 1 - float((1 / short[:, pair]).sum(axis=1).mean()) / long
        found[arm] = (explained / (explained + NOISE_SD**2), choice, float(np.exp(odds[arm])), float(np.exp(odds[0])))
    return found


def spread_draw(n: int, seed: int, leaning: float, gap: float) -> pd.DataFrame:
    """Two arms chosen by x, b better by ``gap``, residuals normal with an SD that rises with z."""
    rng = np.random.default_rng((seed, 11))
    x, z = rng.normal(size=(2, n))
    b = rng.random(n) < expit(leaning * x)
    outcome = x + gap * b + _spread(z) * rng.normal(size=n)
    return pd.DataFrame({"arm": np.where(b, "b", "a"), "x": x, "z": z, "outcome": outcome})


def true_flip(leaning: float, gap: float) -> float:
    """Γ at which the sharp bounds of the world of ``spread_draw`` take the gap away, from its own probabilities."""
    x, z = np.random.default_rng(2).normal(size=(2, POPULATION))
    chance = expit(leaning * x)
    without = float((_spread(z) * chance).mean() + (_spread(z) * (1 - chance)).mean())

    def left(gamma: float) -> float:
        level = gamma / (1 + gamma)
        return gap - without * (1 - 1 / gamma) * float(norm.pdf(norm.ppf(level)) / (1 - level))

    return float(brentq(left, 1.0, 20.0))


def _spread(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(0.3 * z))


def biased_controls(n: int, seed: int, bias: float, many: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Two arms chosen by x; a hidden cause lifts each of many outcomes that no arm can change by ``bias`` SD for b.

    The SD is that within arms, in which systematic errors are told; the outcomes depend on x, each by more.
    """
    rng = np.random.default_rng((seed, 12, many, round(1000 * bias)))
    x, z, shared = rng.normal(size=(3, n))
    b = rng.random(n) < expit(x)
    frame: dict[str, Any] = {"arm": np.where(b, "b", "a"), "x": x, "z": z, "outcome": rng.normal(size=n)}
    names = tuple(f"control_{i}" for i in range(many))
    for i, name in enumerate(names):
        noise = np.sqrt(0.8) * rng.normal(size=n) + np.sqrt(0.2) * shared
        within = np.sqrt(1 + (0.03 * i) ** 2 * _variance_within())
        frame[name] = 10 * (0.03 * i * x + bias * within * b + noise)
    return pd.DataFrame(frame), names


@cache
def _variance_within() -> float:
    """Variance of x within arms where it leads to b with log-odds x."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=POPULATION)
    b = rng.random(POPULATION) < expit(x)
    return float((x - np.where(b, x[b].mean(), x[~b].mean())).var())


def lost_by_prognosis(n: int, seed: int) -> tuple[pd.DataFrame, FloatArray]:
    """Three arms; b helps most whom it keeps least, c the other way round; about 42 % lost, at random given x.

    Returns:
        The table, and the average effects of b and c.
    """
    rng = np.random.default_rng((seed, 13))
    x, z = rng.normal(size=(2, n))
    lean = np.column_stack([np.zeros(n), 0.5 * x, -0.5 * z]) + rng.gumbel(size=(n, 3))
    arm, effects = lean.argmax(axis=1), np.array([1.0, 0.5])
    effect = np.column_stack([np.zeros(n), effects[0] + 1.5 * x, effects[1] - 1.0 * x])
    outcome = 2 * x + z + effect[np.arange(n), arm] + rng.normal(size=n)
    seen = rng.random(n) < 0.1 + 0.9 * expit(-(1.2 * x + 0.4 * z + np.array([-0.3, 0.0, -0.2])[arm]))
    table = {"arm": np.array(["a", "b", "c"])[arm], "x": x, "z": z, "outcome": np.where(seen, outcome, np.nan)}
    return pd.DataFrame(table), effects


def tipped_by_the_lost(n: int, seed: int) -> tuple[pd.DataFrame, float]:
    """A lead that is not there: those lost under b were worse by as much as takes it away.

    Returns:
        The table, and by how much they were worse.
    """
    rng = np.random.default_rng((seed, 14))
    x, z = rng.normal(size=(2, n))
    b = rng.random(n) < expit(0.5 * x)
    gone = b & (rng.random(n) < LOST)
    worse = GAP / LOST
    outcome = x + GAP * b - worse * gone + rng.normal(size=n)
    table = {"arm": np.where(b, "b", "a"), "x": x, "z": z, "outcome": np.where(gone, np.nan, outcome)}
    return pd.DataFrame(table), worse
