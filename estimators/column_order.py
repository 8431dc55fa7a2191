"""An order of columns that their content decides, so that trees break ties alike whatever the records' order."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray, IntArray


def by_outcome(features: FloatArray, outcome: FloatArray) -> IntArray:
    """(q,) columns of (n, q) features in the order of their covariance with (n,) outcomes; NaN counts as 0."""
    return np.argsort(np.nan_to_num(features).T @ (outcome - outcome.mean()), kind="stable")


def by_label(features: FloatArray, label: IntArray) -> IntArray:
    """(q,) columns in the order of how far their means differ between (n,) labels, whatever these are called."""
    count = np.maximum(np.bincount(label), 1)
    sums = np.stack([np.nan_to_num(features[label == k]).sum(axis=0) for k in range(len(count))])
    return np.argsort((sums**2 / count[:, None]).sum(axis=0), kind="stable")
