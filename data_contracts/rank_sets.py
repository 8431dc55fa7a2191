"""Simultaneous rank sets: which ranks each arm may hold, all pairs judged together.

Mogstad, Romano, Shaikh and Wilhelm (2024), Inference for ranks, Review of Economic Studies 91(1), 476-518
(doi 10.1093/restud/rdad006): an arm's rank is bounded by the arms significantly better and the arms
significantly worse, with one critical value, the quantile of the largest |t| over all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray

POINTS = 2048
"""Points at which the joint normal distribution is evaluated for the quantile."""

CLOSE = 0.93
"""Points farther than this share of the quantile under independence are looked at before any other: the quantile of
differences with one standard error lies at some 0.96 of it, so that others are rarely looked at."""

TOGETHER = 8
"""Patients whose points are held at once: few enough for the processor's cache."""

TINY = 1e-12

NARROW = 1e-5
"""What single precision may be off by, relatively; points are held in it, since their own error is a thousand times
larger and twice as many fit into the processor's cache."""


@dataclass(frozen=True)
class RankSets:
    """Ranks that m arms may hold, for one patient (no leading axis) or n of them.

    Attributes:
        lower, upper: (..., m) best and worst rank of each arm, 1 is best.
        in_top_set: (..., m) whether no arm is significantly better.
        critical_value: (...) the quantile of the largest |t| over pairs.
    """

    lower: IntArray
    upper: IntArray
    in_top_set: BoolArray
    critical_value: FloatArray


def rank_sets(
    values: FloatArray, covariance: FloatArray, confidence: float, withdrawn: BoolArray | None = None
) -> RankSets:
    """Rank sets of m arms from their (..., m) values (higher is better) and (..., m, m) joint covariance.

    Two arms whose difference has no variance are ordered by their values; exact equals stay tied.

    Args:
        withdrawn: (m, m) pairs that cannot be compared: neither is ever surely better.
    """
    *patients, m = values.shape
    together, errors = covariance.reshape(math.prod(patients), m, m), standard_errors(covariance)
    critical = _critical_values(together, errors.reshape(together.shape), confidence).reshape(patients)
    surely = surely_better(values, values, critical[..., None, None] * errors)
    if withdrawn is not None:
        surely &= ~withdrawn
    beaten_by, beats = (np.add.reduce(surely, axis=axis, dtype=np.int64) for axis in (-2, -1))
    return RankSets(1 + beaten_by, m - beats, beaten_by == 0, critical)


def surely_better(lowest: FloatArray, highest: FloatArray, margin: FloatArray) -> BoolArray:
    """(..., m, m) whether an arm is better than another even if it is worth the least and the other the most.

    Args:
        lowest, highest: (..., m) what each arm may be worth by the estimates; the same where nothing is unknown.
        margin: (..., m, m) what sampling error leaves open of each difference.
    """
    return np.asarray(lowest[..., :, None] - highest[..., None, :] > margin + TINY)


@lru_cache(maxsize=64)
def any_correlation_value(m: int, confidence: float) -> float:
    """The critical value for all pairs of m arms that holds however their jointly normal values are correlated.

    Sidak (1967), Rectangular confidence regions for the means of multivariate normal distributions, Journal of the
    American Statistical Association 62(318), 626-633: independent values leave a box the most often.
    """
    pairs = m * (m - 1) / 2
    return NormalDist().inv_cdf(0.5 + confidence ** (1 / pairs) / 2) if pairs else 0.0


def critical_value(covariance: FloatArray, confidence: float) -> float:
    """Quantile of the largest |t| over all pairs of m jointly normal values with (m, m) covariance.

    Never below the pointwise normal quantile; the same, to the last bit, in whatever order the arms come.
    """
    return float(critical_values(covariance[None], confidence)[0])


def critical_values(covariance: FloatArray, confidence: float) -> FloatArray:
    """(n,) critical values of n (m, m) covariances, each the same whichever others come with it."""
    return _critical_values(covariance, standard_errors(covariance), confidence)


def _critical_values(covariance: FloatArray, errors: FloatArray, confidence: float) -> FloatArray:
    """The same where the (n, m, m) standard errors of the differences are known already."""
    n, m = covariance.shape[:2]
    if m < 2:
        return np.zeros(n)
    if m == 2:  # the largest of one |t|
        return np.where(errors[:, 0, 1] > TINY, _pointwise(confidence), 0.0)
    contrasts, moving = _contrasts(covariance, errors)
    points = _points(m, confidence)
    largest = _largest(contrasts, points.far)
    found = _at_rank(largest, points.place)
    # |t| at a point is at most the point's distance from 0: nearer points lie below a quantile beyond their reach, and
    # what was found so far is no more than the quantile.
    if points.reach > np.minimum.reduce(found):
        near = np.flatnonzero(found < points.reach)
        more = int(np.searchsorted(points.nearness, -found[near].min(), side="right"))
        rest = _largest(contrasts[near], points.near[:, :more])
        found[near] = _at_rank(np.concatenate([largest[near], rest], axis=1), points.place + more)
    # Pairs that err as one have the normal quantile itself; the points must not make any interval narrower than that.
    return np.where(moving, np.maximum(found, _pointwise(confidence)), 0.0)


def _at_rank(values: NDArray[np.float32], place: int) -> FloatArray:
    """(n,) what stands at a place among each patient's values in ascending order."""
    ordered = values.copy()
    ordered.partition(place, axis=-1)
    return ordered[:, place].astype(np.float64)


@dataclass(frozen=True)
class _Points:
    """The points of m - 1 normals for the critical values of m arms; the quantile is usually among the far ones.

    Attributes:
        far: (m - 1, far) the farthest points; ``near`` the (m - 1, POINTS - far) others.
        place: of the quantile among the largest |t| at the far points, ascending.
        nearness: (POINTS - far,) the largest |t| that is possible at each of the others, negative and so ascending.
        reach: the largest that is possible at any of them.
    """

    far: NDArray[np.float32]
    near: NDArray[np.float32]
    place: int
    nearness: FloatArray
    reach: float


@lru_cache(maxsize=64)
def _points(m: int, confidence: float) -> _Points:
    normals, radii = _normals(m - 1)
    above = POINTS - min(POINTS - 1, math.ceil(confidence * POINTS) - 1)
    far = max(above, int(np.count_nonzero(radii > CLOSE * any_correlation_value(m, confidence))))
    nearness = -radii[far:] * (1 + NARROW)
    far_normals, near_normals = (np.ascontiguousarray(part) for part in (normals[:, :far], normals[:, far:]))
    return _Points(far_normals, near_normals, far - above, nearness, float(-nearness.min(initial=0.0)))


@lru_cache(maxsize=32)
def _pointwise(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _one_order(covariance: FloatArray) -> IntArray:
    """(n, m) arms by their variances and, where these are equal, by their sorted covariances."""
    variances = covariance.diagonal(axis1=1, axis2=2)
    order = variances.argsort(axis=-1, kind="stable")
    ascending = variances.copy()
    ascending.sort(axis=-1)
    if not np.count_nonzero(ascending[:, 1:] == ascending[:, :-1]):
        return order
    keys = np.sort(covariance, axis=-1).transpose(2, 0, 1)[::-1]
    return np.lexsort((*keys, variances), axis=-1)


def _contrasts(covariance: FloatArray, errors: FloatArray) -> tuple[FloatArray, BoolArray]:
    """(n, pairs, m - 1) weights that make every pair's t of independent normals, and (n,) whether any pair varies.

    They are made from the arms' differences from the first, so m - 1 normals do. Arms are taken in an order of their
    own, not in the caller's.
    """
    n, m = covariance.shape[:2]
    pairs, signs = _pairs(m)
    order = _one_order(covariance)
    places = ((m * order)[:, :, None] + order[:, None]).reshape(n, m * m)
    if n > 1:
        places += (m * m * np.arange(n))[:, None]
    here = covariance.take(places).reshape(n, m, m)
    first = here[:, :1]
    from_first = here[:, 1:, 1:] - first[:, :, 1:]
    from_first -= here[:, 1:, :1]
    from_first += first[:, :, :1]
    scale, vectors = np.linalg.eigh(from_first)
    # The symmetric root: signs of eigenvectors are for rounding to choose, and must not choose the points.
    root = np.matmul(vectors * np.sqrt(np.maximum(scale, 0.0))[:, None], vectors.swapaxes(-1, -2))
    of_pairs = errors.take(places.take(pairs, axis=1))
    varies = of_pairs > TINY
    weights = np.matmul(signs, root)
    if np.count_nonzero(varies) == varies.size:
        weights /= of_pairs[..., None]
        return weights, varies[:, 0]
    weights /= np.where(varies, of_pairs, np.inf)[..., None]
    return weights, np.asarray(varies.any(axis=1))


def _largest(contrasts: FloatArray, normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, points) the largest |t| over all pairs at each of the points."""
    found = np.empty((len(contrasts), normals.shape[1]), dtype=np.float32)
    for start in range(0, len(contrasts), TOGETHER):
        t = np.matmul(contrasts[start : start + TOGETHER].astype(np.float32), normals)
        np.maximum.reduce(np.abs(t, out=t), axis=1, out=found[start : start + TOGETHER])
    return found


def standard_errors(covariance: FloatArray) -> FloatArray:
    """(..., m, m) standard errors of the differences of jointly varying values, by their (..., m, m) covariance."""
    variance = covariance.diagonal(axis1=-2, axis2=-1)
    squared = variance[..., :, None] + variance[..., None, :]
    squared -= 2 * covariance
    return np.sqrt(np.maximum(squared, 0.0, out=squared), out=squared)


@lru_cache(maxsize=32)
def _pairs(m: int) -> tuple[IntArray, FloatArray]:
    """Places of all pairs of m arms in their (m, m) table, and the pairs' (pairs, m - 1) signs but the first arm's."""
    one, other = np.triu_indices(m, 1)
    signs = np.eye(m)[one] - np.eye(m)[other]
    return m * one + other, np.ascontiguousarray(signs[:, 1:])


@lru_cache(maxsize=32)
def _normals(m: int) -> tuple[NDArray[np.float32], FloatArray]:
    """The same (m, POINTS) evenly spread normals every time, the farthest first, and their distances from 0.

    A Kronecker sequence on the generalised golden ratio (Roberts 2018, The unreasonable effectiveness of quasirandom
    sequences) through the normal quantile; the tests hold it to the error of 4,096 random draws.
    """
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (m + 1))
    steps = ratio ** -np.arange(1, m + 1)
    even = (0.5 + np.arange(1, POINTS + 1) * steps[:, None]) % 1.0
    quantile = NormalDist().inv_cdf
    normals = np.array([[quantile(float(u)) for u in row] for row in even])
    radii = np.sqrt((normals**2).sum(axis=0))
    order = np.argsort(-radii, kind="stable")
    return np.ascontiguousarray(normals[:, order], dtype=np.float32), radii[order]
