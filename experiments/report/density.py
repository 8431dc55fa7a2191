"""A smooth picture of how probabilities are spread, in which no single patient can be seen."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray

CELLS = 400
SMALLEST_WIDTH = 0.012
"""Smallest standard deviation of the smoothing kernel."""


def density(probabilities: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Grid on 0-1 and the kernel density of (n,) probabilities there, reflected at both ends.

    The width is Silverman's rule of thumb, 1.06 standard deviations over the fifth root of n.
    """
    counts, edges = np.histogram(probabilities, bins=CELLS, range=(0.0, 1.0))
    width = max(1.06 * float(probabilities.std()) * len(probabilities) ** -0.2, SMALLEST_WIDTH)
    reach = np.arange(-CELLS, CELLS + 1) / CELLS
    kernel = np.exp(-0.5 * (reach / width) ** 2)
    reflected = np.concatenate([counts[::-1], counts, counts[::-1]]).astype(np.float64)
    smooth = np.convolve(reflected, kernel / kernel.sum(), mode="same")[CELLS : 2 * CELLS]
    return (edges[:-1] + edges[1:]) / 2, smooth * CELLS / len(probabilities)
