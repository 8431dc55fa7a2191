"""DoubleML's average potential outcomes (APOS; Bach et al. 2024, J Stat Softw 108(3)) on our episodes and folds."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.errors import BadUsage
from estimators.nuisances import MINIMUM_PROPENSITY


def check_doubleml() -> None:
    """Raise ``BadUsage`` if DoubleML is not installed."""
    if find_spec("doubleml") is None:
        step = "install it into an environment of its own: pip install --require-hashes -r requirements-bench.lock"
        raise BadUsage(f"this benchmark compares with DoubleML, which is not installed; {step}")


def fit_doubleml(data: ScoredEpisodes, covariates: FloatArray, *, use_ours: bool) -> Any:
    """The fitted APOS object, with our nuisances, or with linear regressions an arm and logistic ones of its own.

    Every outcome must be observed.
    """
    library = import_module("doubleml")
    levels = list(range(data.scores.shape[1]))
    model = library.DoubleMLAPOS(
        library.DoubleMLData.from_arrays(covariates, data.outcome, data.arm),
        LinearRegression(),
        LogisticRegression(max_iter=1000),
        treatment_levels=levels,
        n_folds=len(np.unique(data.fold)),
        normalize_ipw=False,
        ps_processor_config=library.utils.PSProcessorConfig(clipping_threshold=MINIMUM_PROPENSITY),
        draw_sample_splitting=False,
    )
    folds = [(np.flatnonzero(data.fold != k), np.flatnonzero(data.fold == k)) for k in np.unique(data.fold)]
    model.set_sample_splitting([folds])
    return model.fit(external_predictions=_predictions(data, levels) if use_ours else None)


def _predictions(data: ScoredEpisodes, levels: list[int]) -> dict[int, dict[str, FloatArray]]:
    """Our nuisances as DoubleML takes them: by arm, its regression, another's (unused by the mean), its propensity."""
    return {
        k: {
            "ml_g_d_lvl1": data.expected[:, [k]],
            "ml_g_d_lvl0": data.expected[:, [0 if k else 1]],
            "ml_m": data.propensity[:, [k]],
        }
        for k in levels
    }
