"""Several p values judged together."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray


def holm(p: FloatArray) -> FloatArray:
    """(m,) p values adjusted so that one below α is among the rejected at the level α of all together.

    Holm (1979, Scandinavian Journal of Statistics 6:65): valid however the tests depend on each other.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
