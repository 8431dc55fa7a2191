"""Chances of the largest |t| over all pairs of arms, so that the level holds for the pairs together (max-t).

Hothorn, Bretz and Westfall 2008, Biometrical Journal 50:346: each |t| is held against the distribution of the largest
of jointly normal, or jointly t-distributed, ones with the same correlations.
"""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import sandwich

DRAWS, SEED = 20_000, 20261127


def chances(means: FloatArray, covariance: FloatArray, freedom: int | None = None) -> FloatArray:
    """(P,) chance that any of P means would be as many standard errors from 0 as each is, were all truly 0.

    A mean without spread has chance 1 if it is 0, else 0.

    Args:
        means: (P,).
        covariance: (P, P) of the means.
        freedom: degrees of freedom behind the covariance, which then is an estimate of so many; None if it is known.
    """
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    moved = np.abs(means) > 1e-9 * max(float(errors.max()), float(np.abs(means).max()), 1e-300)
    usable = np.where(errors > 0, errors, 1.0)
    scale, vectors = np.linalg.eigh(covariance / np.outer(usable, usable))
    rng = np.random.default_rng(SEED)
    drawn = rng.standard_normal((DRAWS, len(means))) @ (vectors * np.sqrt(np.maximum(scale, 0.0))).T
    if freedom is not None:
        drawn /= np.sqrt(rng.chisquare(freedom, size=DRAWS) / freedom)[:, None]
    largest = np.sort(np.abs(drawn).max(axis=1))
    beyond = 1 - np.searchsorted(largest, np.abs(means) / usable) / DRAWS
    return np.where(errors > 0, beyond, np.where(moved, 0.0, 1.0))


def chances_of_rows(each: FloatArray, cluster: IntArray) -> FloatArray:
    """(P,) the same for the means of (n, P) values of rows, whose scatter between clusters is their error.

    Where a few rows carry most of the error, its estimate is unsure. Degrees of freedom are those of a sum of squares
    of unequal normal values (Satterthwaite 1946, Biometrics Bulletin 2:110), 3 (Σd²)² / Σd⁴, of the pair with fewest.
    """
    away = each - each.mean(axis=0)
    sums = np.zeros((int(cluster.max()) + 1, each.shape[1]))
    np.add.at(sums, cluster, away)
    fourth = (sums**4).sum(axis=0)
    freedom = 3 * (sums**2).sum(axis=0) ** 2 / np.where(fourth > 0, fourth, 1.0)
    return chances(each.mean(axis=0), sandwich(away / len(each), cluster), int(max(freedom.min(), 1.0)))


def chances_of_draws(draws: FloatArray) -> FloatArray:
    """(P,) the same for the means of (B, P) independent draws, whose scatter is their error."""
    count = len(draws)
    return chances(draws.mean(axis=0), np.atleast_2d(np.cov(draws.T)) / count, count - 1)
