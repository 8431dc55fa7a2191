"""Peers as a careful user would run them, on our encoded covariates; each returns effects of fresh patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TypeAlias

import numpy as np

from data_contracts.episode import FloatArray
from experiments.benchmark_bart import t_bart
from experiments.benchmark_econml import causal_forest_dml, forest_dr, linear_dml, linear_dr, x_learner
from experiments.benchmark_peer_data import PeerData
from experiments.benchmark_plain_peers import s_learner, t_learner
from experiments.benchmark_suite import Peers

Peer: TypeAlias = Callable[[PeerData, FloatArray], FloatArray]
"""(records, (m, q) fresh covariates) -> (m, K) effects against the reference."""

FAST: Mapping[str, Peer] = {
    "S-learner": s_learner,
    "T-learner": t_learner,
    "X-learner": x_learner,
    "LinearDRLearner": linear_dr,
    "LinearDML": linear_dml,
}
SLOW: Mapping[str, Peer] = {"ForestDRLearner": forest_dr, "CausalForestDML": causal_forest_dml, "T-BART": t_bart}
NEEDS: Mapping[str, str] = {"T-BART": "stochtree"}
"""Packages that are not always there; without them the peer is left out."""


def peers_of(kind: Peers) -> Mapping[str, Peer]:
    """The peers that run, by name; those whose package is not installed are left out."""
    chosen = {"none": {}, "fast": FAST, "all": {**FAST, **SLOW}}[kind]
    return {name: peer for name, peer in chosen.items() if name not in NEEDS or find_spec(NEEDS[name])}


def no_effect(data: PeerData, covariates: FloatArray) -> FloatArray:
    """(m, K) zeros: no arm differs from the reference."""
    return np.zeros((len(covariates), data.arms))
