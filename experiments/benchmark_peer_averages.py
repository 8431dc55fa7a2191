"""Peers of our average effects: the unadjusted difference of means, and DoubleML's with learners of its own."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from experiments.benchmark_doubleml import fit_doubleml
from experiments.benchmark_suite import Peers

Averages = tuple[FloatArray, FloatArray]
"""(K,) effects over the reference and their (K,) standard errors."""


def averages_of_peers(data: ScoredEpisodes, covariates: FloatArray, peers: Peers) -> dict[str, Averages]:
    """What each peer says of the average effects; DoubleML if all peers are asked for and it is installed.

    DoubleML has no model of dropout: it gets the episodes whose outcome was observed.
    """
    if peers == "none":
        return {}
    seen = ~np.isnan(data.outcome)
    observed, known = data.rows(seen), covariates[seen]
    found = {"unadjusted": _unadjusted(observed)}
    if peers == "all" and find_spec("doubleml"):
        found["DoubleML"] = _doubleml(observed, known)
    return found


def _unadjusted(data: ScoredEpisodes) -> Averages:
    groups = [data.outcome[data.arm == k] for k in range(data.scores.shape[1])]
    means = np.array([group.mean() for group in groups])
    variance = np.array([group.var(ddof=1) / len(group) for group in groups])
    errors = np.sqrt(variance + variance[0])
    errors[0] = 0.0
    return means - means[0], errors


def _doubleml(data: ScoredEpisodes, covariates: FloatArray) -> Averages:
    """APOS' means less the reference's, by its own contrasts."""
    contrast = fit_doubleml(data, covariates, use_ours=False).causal_contrast(reference_levels=[0])
    effects, errors = np.ravel(contrast.thetas), np.ravel(contrast.ses)
    return np.concatenate([[0.0], effects]), np.concatenate([[0.0], errors])
