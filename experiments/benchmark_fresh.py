"""A study drawn from a world, and fresh patients of the same world with their truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from data_contracts.effects import BoolArray
from data_contracts.episode import Episodes, FloatArray
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.learn import Learned
from estimators.worlds import simulate

FRESH_SEED = 1_000_000
"""Added to a draw's seed for its fresh patients."""

POPULATION, POPULATION_SEED = 50_000, 2_000_000
"""Patients whose true effects are averaged to know the population's."""


@dataclass(frozen=True)
class Fresh:
    """Fresh patients of a world.

    Attributes:
        terms, covariates: (m, P) basis terms and (m, q) covariates, encoded as when learning.
        effects: (m, K) true effects.
        supported: (m, K) whether the patient can get the arm at all.
    """

    terms: FloatArray
    covariates: FloatArray
    effects: FloatArray
    supported: BoolArray

    @property
    def judged(self) -> BoolArray:
        """(m, K - 1) effects that count: both the arm and the reference can be had."""
        return np.asarray(self.supported[:, 1:] & self.supported[:, :1])

    @property
    def oracle(self) -> float:
        """Mean true effect of each patient's best supported arm."""
        return float(np.where(self.supported, self.effects, -np.inf).max(axis=1).mean())

    def value(self, advice: FloatArray) -> float:
        """Mean true effect of giving each patient the supported arm with the largest of (m, K) values."""
        best = np.where(self.supported, advice, -np.inf).argmax(axis=1)
        return float(self.effects[np.arange(len(advice)), best].mean())


def draw_study(world: str, n: int, seed: int) -> tuple[Episodes, StudyProtocol]:
    """Patients of a world as a study of its primary outcome alone would have them, as peers have none other."""
    drawn = simulate(world, n, seed)
    alone: dict[str, list[str]] = {"secondary_outcomes": [], "derived_outcomes": []}
    protocol = StudyProtocol.model_validate(drawn.protocol | alone)
    return check_episodes(table_from_frame(drawn.records), protocol), protocol


def draw_fresh(
    world: str, seed: int, patients: int, arms: tuple[str, ...], protocol: StudyProtocol, learned: Learned
) -> Fresh:
    """Fresh patients, encoded as the study's were."""
    drawn = simulate(world, patients, seed + FRESH_SEED)
    columns = table_from_frame(drawn.records, text=protocol.categorical).columns
    covariates = learned.encoding.encode({name: columns[name] for name in protocol.covariates})
    basis = learned.scored.basis
    terms = basis.expand(covariates[:, : basis.columns])
    return Fresh(terms, covariates, _effects(drawn.truth, arms), _supported(drawn.truth, arms))


@cache
def population_effects(world: str, arms: tuple[str, ...]) -> tuple[FloatArray, BoolArray]:
    """(K,) true average effects of a world, and (K,) whether everybody can get the arm."""
    truth = simulate(world, POPULATION, POPULATION_SEED).truth
    everybody = np.asarray(_supported(truth, arms).all(axis=0), dtype=np.bool_)
    return np.asarray(_effects(truth, arms).mean(axis=0), dtype=np.float64), everybody


def _effects(truth: pd.DataFrame, arms: tuple[str, ...]) -> FloatArray:
    return np.stack([truth[f"effect_{arm}"].to_numpy(dtype=np.float64) for arm in arms], axis=1)


def _supported(truth: pd.DataFrame, arms: tuple[str, ...]) -> BoolArray:
    everyone = np.ones(len(truth), dtype=np.bool_)
    columns = [f"unsupported_{arm}" for arm in arms]
    barred = [truth[name].to_numpy(dtype=np.bool_) if name in truth else ~everyone for name in columns]
    return np.asarray(~np.stack(barred, axis=1), dtype=np.bool_)
