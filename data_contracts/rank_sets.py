"""Simultaneous rank sets: which ranks each arm may hold, all pairs judged together.

Mogstad, Romano, Shaikh and Wilhelm (2024), Inference for ranks, Review of Economic Studies 91(1), 476-518
(doi 10.1093/restud/rdad006): an arm's rank is bounded by the arms significantly better and the arms
significantly worse, with one critical value, the quantile of the largest |t| over all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from data_contracts.episode import FloatArray, IntArray

POINTS = 2048
"""Points at which the joint normal distribution is evaluated for the quantile."""

TINY = 1e-12


@dataclass(frozen=True)
class RankSets:
    """Ranks that m arms may hold.

    Attributes:
        lower, upper: (m,) best and worst rank of each arm, 1 is best.
        in_top_set: (m,) whether no arm is significantly better.
        critical_value: the quantile of the largest |t| over pairs.
    """

    lower: IntArray
    upper: IntArray
    in_top_set: np.ndarray[tuple[int], np.dtype[np.bool_]]
    critical_value: float


def rank_sets(values: FloatArray, covariance: FloatArray, confidence: float) -> RankSets:
    """Rank sets of m arms from their (m,) values (higher is better) and (m, m) joint covariance.

    Two arms whose difference has no variance are ordered by their values; exact equals stay tied.
    """
    m = len(values)
    better, worse = _pairs(m)
    difference = values[better] - values[worse]
    critical = critical_value(covariance, confidence)
    margin = critical * _standard_errors(covariance, better, worse)
    wins, losses = difference > margin + TINY, difference < -margin - TINY
    beaten_by = np.zeros(m, dtype=np.int64)
    beats = np.zeros(m, dtype=np.int64)
    np.add.at(beats, better[wins], 1)
    np.add.at(beaten_by, worse[wins], 1)
    np.add.at(beats, worse[losses], 1)
    np.add.at(beaten_by, better[losses], 1)
    return RankSets(1 + beaten_by, m - beats, beaten_by == 0, critical)


def critical_value(covariance: FloatArray, confidence: float) -> float:
    """Quantile of the largest |t| over all pairs of m jointly normal values with (m, m) covariance.

    Never below the pointwise normal quantile; the same, to the last bit, in whatever order the arms come.
    """
    rows = covariance.tolist()
    order = sorted(range(len(rows)), key=lambda arm: (rows[arm][arm], *sorted(rows[arm])))
    covariance = covariance[np.ix_(order, order)]
    return _critical_value(np.ascontiguousarray(covariance).tobytes(), len(covariance), confidence)


@lru_cache(maxsize=1024)
def _critical_value(content: bytes, m: int, confidence: float) -> float:
    """Remembered, because patients for whom the same averages are served share one covariance."""
    if m < 2:
        return 0.0
    covariance = np.frombuffer(content, dtype=np.float64).reshape(m, m)
    first, second = _pairs(m)
    errors = _standard_errors(covariance, first, second)
    moving = errors > TINY
    if not moving.any():
        return 0.0
    root = _square_root(covariance)
    contrast = (root[first] - root[second])[moving] / errors[moving, None]
    largest = np.abs(contrast @ _normals(m)).max(axis=0)
    rank = min(POINTS - 1, int(np.ceil(confidence * POINTS)) - 1)
    # One pair has the normal quantile itself; the draws must not make any interval narrower than that.
    return max(float(np.partition(largest, rank)[rank]), NormalDist().inv_cdf(0.5 + confidence / 2))


def _standard_errors(covariance: FloatArray, first: IntArray, second: IntArray) -> FloatArray:
    variance = np.diag(covariance)
    return np.sqrt(np.maximum(variance[first] + variance[second] - 2 * covariance[first, second], 0.0))


def _square_root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)


@lru_cache(maxsize=32)
def _pairs(m: int) -> tuple[IntArray, IntArray]:
    """Positions of all pairs of m arms."""
    first, second = np.triu_indices(m, 1)
    return first, second


@lru_cache(maxsize=32)
def _normals(m: int) -> FloatArray:
    """The same (m, POINTS) evenly spread normals every time, so that the same input gives the same ranks.

    A Kronecker sequence on the generalised golden ratio (Roberts 2018, The unreasonable effectiveness of quasirandom
    sequences) through the normal quantile; the tests hold it to the error of 4,096 random draws.
    """
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (m + 1))
    steps = ratio ** -np.arange(1, m + 1)
    even = (0.5 + np.arange(1, POINTS + 1) * steps[:, None]) % 1.0
    quantile = NormalDist().inv_cdf
    return np.array([[quantile(float(u)) for u in row] for row in even])
