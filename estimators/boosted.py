"""Boosted trees (LightGBM) of many parts of the same rows, whose columns are put in order and cut into bins once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm
import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.column_order import by_content

REPEATABLE = {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1, "random_state": 0}
"""Parameters with which the same rows give the same trees to the last bit."""


@dataclass(frozen=True)
class Boosted:
    """Fitted trees.

    Attributes:
        booster: LightGBM's, of columns in the order below.
        order: (q,) columns as the trees have them.
    """

    booster: lightgbm.Booster
    order: IntArray

    def predict(self, features: FloatArray) -> FloatArray:
        """(n,) values, or (n, C) probabilities of more than two labels, of (n, q) features."""
        return np.asarray(self.booster.predict(features[:, self.order], num_threads=1), dtype=np.float64)


class Boosting:
    """Rows to boost on. Bins are cut over all of them: no target decides where.

    Args:
        features: (n, q), NaN where missing.
        parameters: LightGBM's.
    """

    def __init__(self, features: FloatArray, parameters: Mapping[str, object]) -> None:
        self._parameters = {**parameters, **REPEATABLE}
        self._order = by_content(features)
        self._rows = lightgbm.Dataset(features[:, self._order], params=dict(self._parameters)).construct()

    def fit(self, target: FloatArray | IntArray, used: BoolArray | None = None, **objective: object) -> Boosted:
        """Learn (n,) targets from the used rows, all if none are told; targets of others are not looked at.

        Args:
            target: of all rows.
            used: which of them.
            objective: parameters that say what is learned.
        """
        rows = np.arange(len(target)) if used is None else np.flatnonzero(used)
        part = self._rows.subset(rows.tolist()).construct().set_label(target[rows])
        booster = lightgbm.train({**self._parameters, **objective}, part, keep_training_booster=True)
        return Boosted(booster, self._order)
