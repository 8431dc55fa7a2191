"""A figure over draws: its mean and median, each with its Monte Carlo standard error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.episode import FloatArray
from experiments.benchmark_suite import Cell

RESAMPLED, SEED = 400, 1


def describe(values: FloatArray | list[float]) -> dict[str, float]:
    """Mean, median and their Monte Carlo standard errors (0 for a single draw), and the number of draws.

    The median's error is that of the bootstrap, with a fixed seed.
    """
    x = np.asarray(values, dtype=np.float64)
    draws, error, median_error = len(x), 0.0, 0.0
    if draws > 1:
        error = float(x.std(ddof=1) / np.sqrt(draws))
        again = x[np.random.default_rng(SEED).integers(0, draws, size=(RESAMPLED, draws))]
        median_error = float(np.median(again, axis=1).std(ddof=1))
    return {
        "mean": float(x.mean()),
        "mc_error": error,
        "median": float(np.median(x)),
        "median_mc_error": median_error,
        "draws": float(draws),
    }


def told(figure: Mapping[str, float] | None, statistic: str = "mean") -> Cell:
    """A described figure as a cell: with its Monte Carlo error, which a single draw has not; None if there is none."""
    if figure is None:
        return None
    if figure["draws"] == 1:
        return figure[statistic]
    return figure[statistic], figure["mc_error" if statistic == "mean" else f"{statistic}_mc_error"]


def describe_all(draws: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Each figure that some draw has, over the draws that have it."""
    names = dict.fromkeys(name for draw in draws for name in draw)
    return {name: describe([draw[name] for draw in draws if name in draw]) for name in names}
