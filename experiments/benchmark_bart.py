"""A peer: Bayesian additive regression trees (Chipman, George and McCulloch 2010), one an arm, from stochtree."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from data_contracts.episode import FloatArray
from experiments.benchmark_peer_data import PeerData

WARM_UP, KEPT = 20, 200
"""Grow-from-root sweeps, then draws kept (He and Hahn 2023)."""


def t_bart(data: PeerData, covariates: FloatArray) -> FloatArray:
    """Differences of posterior means; everything else as the package has it."""
    library, predicted = import_module("stochtree"), []
    for k in range(data.arms):
        rows, model = data.arm == k, library.BARTModel()
        model.sample(
            X_train=data.covariates[rows],
            y_train=data.outcome[rows],
            num_gfr=WARM_UP,
            num_burnin=0,
            num_mcmc=KEPT,
            general_params={"random_seed": 1, "num_threads": 1},
        )
        predicted.append(np.asarray(model.predict(X=covariates, type="mean", terms="y_hat")))
    return np.asarray(np.stack(predicted, axis=1) - predicted[0][:, None])
