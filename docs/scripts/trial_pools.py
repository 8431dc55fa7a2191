"""The arithmetic of pooled trial effects: rows of a trial made one, and a random-effects model with one tau.

Several rows of one trial that mean the same therapy are averaged first, as if correlated by 0.5 (Borenstein et al.
2009, Introduction to Meta-Analysis, ch. 24): taken as independent they would make the pool too sure of itself. Pools
of several therapies share one between-study variance by the method of moments of DerSimonian and Laird (1986, Control
Clin Trials 7:177) in its form for many contrasts (Jackson, White and Riley 2013, Biom J 55:231): an own one from three
trials is mostly 0 by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ROW_CORRELATION = 0.5
"""Between two rows of one trial: two instruments of the same patients, or two arms with one control group."""


@dataclass(frozen=True)
class Row:
    """One comparison of one trial: which therapy, its effect over the comparator and the standard error."""

    trial: str
    therapy: str
    effect: float
    error: float


@dataclass(frozen=True)
class Pooled:
    """Pooled effects.

    Attributes:
        names: of the therapies.
        estimate: (m,) effects over the common comparator.
        covariance: (m, m) of ``estimate``.
        tau: common standard deviation between trials.
        trials: how many trials hold each therapy.
    """

    names: tuple[str, ...]
    estimate: np.ndarray
    covariance: np.ndarray
    tau: float
    trials: Mapping[str, int]

    @property
    def error(self) -> np.ndarray:
        """(m,) standard errors."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> np.ndarray:
        """(m, m) correlations of the estimates."""
        return self.covariance / np.outer(self.error, self.error)


def pool(rows: Iterable[Row], names: Sequence[str]) -> Pooled:
    """Pool the therapies' effects over one comparator; trials with two of them share their control group."""
    one = _one_per_trial(rows)
    design = np.array([[float(row.therapy == name) for name in names] for row in one])
    errors = np.array([row.error for row in one])
    same = np.array([[a.trial == b.trial for b in one] for a in one])
    mixing = np.where(same, ROW_CORRELATION, 0.0)
    np.fill_diagonal(mixing, 1.0)
    effects = np.array([row.effect for row in one])
    counts = {name: sum(row.therapy == name for row in one) for name in names}
    return _random_effects(tuple(names), effects, np.outer(errors, errors) * mixing, design, mixing, counts)


def pool_network(contrasts: Sequence[tuple[str, str, str, float, float]], reference: str) -> Pooled:
    """A network meta-analysis of (trial, treatment, other treatment, effect of the first over the other, error).

    A trial of three arms brings all three contrasts; its arms' own variances follow from their errors, and with them
    how its contrasts go together.
    """
    names = tuple(sorted({name for row in contrasts for name in row[1:3]} - {reference}))
    blocks = [_trial(rows) for rows in _by_trial(contrasts).values()]
    size = sum(len(effects) for _, effects, _ in blocks)
    design, variance, mixing = np.zeros((size, len(names))), np.zeros((size, size)), np.zeros((size, size))
    effects, at = np.zeros(size), 0
    counts: dict[str, int] = defaultdict(int)
    for arms, found, covariance in blocks:
        here = slice(at, at + len(found))
        effects[here], variance[here, here] = found, covariance
        mixing[here, here] = 0.5 * (np.eye(len(found)) + 1.0)
        for name in arms:
            counts[name] += 1
        for k, name in enumerate(arms[1:]):
            for which, sign in ((name, 1.0), (arms[0], -1.0)):
                if which != reference:
                    design[at + k, names.index(which)] += sign
        at += len(found)
    return _random_effects(names, effects, variance, design, mixing, dict(counts))


def _random_effects(
    names: tuple[str, ...],
    effects: np.ndarray,
    variance: np.ndarray,
    design: np.ndarray,
    mixing: np.ndarray,
    counts: Mapping[str, int],
) -> Pooled:
    """Moments for tau², then generalised least squares; ``mixing`` says how tau² enters the covariance of rows."""
    weight = np.linalg.inv(variance)
    plain = np.linalg.inv(design.T @ weight @ design)
    rest = weight - weight @ design @ plain @ design.T @ weight
    q, freedom = effects @ rest @ effects, len(effects) - design.shape[1]
    tau2 = max(0.0, (q - freedom) / np.trace(rest @ mixing))
    total = np.linalg.inv(variance + tau2 * mixing)
    covariance = np.linalg.inv(design.T @ total @ design)
    return Pooled(names, covariance @ design.T @ total @ effects, covariance, float(np.sqrt(tau2)), counts)


def _one_per_trial(rows: Iterable[Row]) -> list[Row]:
    """Rows of one trial and therapy averaged."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row.trial, row.therapy].append(row)
    return [_averaged(group) for group in found.values()]


def _averaged(rows: list[Row]) -> Row:
    errors = np.array([row.error for row in rows])
    mixing = np.full((len(rows), len(rows)), ROW_CORRELATION)
    np.fill_diagonal(mixing, 1.0)
    error = float(np.sqrt((np.outer(errors, errors) * mixing).sum())) / len(rows)
    return Row(rows[0].trial, rows[0].therapy, float(np.mean([row.effect for row in rows])), error)


def _by_trial(contrasts: Sequence[tuple[str, str, str, float, float]]) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = defaultdict(list)
    for trial, one, other, effect, error in contrasts:
        found[trial].append((one, other, effect, error))
    return found


def _trial(rows: list[tuple]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Arms of a trial, effects of all but the first over the first, and their covariance."""
    arms = sorted({name for row in rows for name in row[:2]})
    effect = {(one, other): value for one, other, value, _ in rows}
    effect |= {(other, one): -value for one, other, value, _ in rows}
    squared = {frozenset(row[:2]): row[3] ** 2 for row in rows}
    found = np.array([effect[name, arms[0]] for name in arms[1:]])
    covariance = np.diag([squared[frozenset((name, arms[0]))] for name in arms[1:]])
    for i, a in enumerate(arms[1:]):
        for j, b in enumerate(arms[1:]):
            if i != j:
                both = squared[frozenset((a, arms[0]))] + squared[frozenset((b, arms[0]))]
                covariance[i, j] = (both - squared[frozenset((a, b))]) / 2
    return arms, found, covariance
