"""An order of columns that their content decides, so that trees break ties alike whatever the records' order."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray, IntArray


def by_outcome(features: FloatArray, outcome: FloatArray) -> IntArray:
    """(q,) columns of (n, q) features in the order of their covariance with (n,) outcomes; NaN counts as 0."""
    return np.argsort(np.nan_to_num(features).T @ (outcome - outcome.mean()), kind="stable")


def by_content(features: FloatArray) -> IntArray:
    """(q,) columns of (n, q) features in an order that no arm or outcome enters; NaN counts as 0.

    It is that of their sums of products with the rows' sums of cubes, which do not depend on the order of columns.
    """
    known = np.nan_to_num(features)
    return np.argsort(known.T @ np.einsum("ij,ij,ij->i", known, known, known), kind="stable")
