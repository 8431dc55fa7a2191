"""What every refuter is handed: the study's trial, its estimator, and how large an error would count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from data_contracts.effects import AverageEffects, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import clustered_covariance
from estimators.refutation.trial import Estimator, Trial, doubly_robust

Pair: TypeAlias = tuple[int, int]
"""Codes of two arms: the one that is compared, and what it is compared with."""


@dataclass(frozen=True)
class Material:
    """A study as refuters take it.

    Attributes:
        arms: K names, in the order of their codes.
        trial: the n episodes whose outcome was observed, each arm's chance being that among those observed; all
            episodes where lost outcomes were completed by their course.
        residual: (n,) outcomes less what the study's own regressions expect, held out; benefit scale.
        cluster: (n,) codes 0, 1, … of units that vary together.
        pairs: P pairs of arms that are compared.
        errors: (P,) standard errors of the study's own differences, outcome units: the yardstick.
        seed: of everything that is drawn.
        draws: B, of every refuter.
        estimator: what is attacked.
    """

    arms: Sequence[str]
    trial: Trial
    residual: FloatArray
    cluster: IntArray
    pairs: Sequence[Pair]
    errors: FloatArray
    seed: int
    draws: int
    estimator: Estimator = doubly_robust

    def generators(self, refuter: str) -> Iterator[np.random.Generator]:
        """A source of chance for each draw, which no other refuter shares."""
        name = int.from_bytes(refuter.encode(), "big")
        for draw in range(self.draws):
            yield np.random.default_rng((self.seed, name, draw))

    def each(self, scores: FloatArray) -> FloatArray:
        """(n, P) differences of the pairs by each row's (n, K) scores."""
        return np.stack([scores[:, arm] - scores[:, over] for arm, over in self.pairs], axis=1)

    def differences(self, scores: FloatArray) -> FloatArray:
        """(P,) average differences of the pairs."""
        return np.asarray(self.each(scores).mean(axis=0))

    def covariance(self, scores: FloatArray) -> FloatArray:
        """(P, P) of the average differences, clustered."""
        each = self.each(scores)
        return clustered_covariance((each - each.mean(axis=0)) / len(each), self.cluster)

    def by_cluster(self, rng: np.random.Generator, values: FloatArray) -> FloatArray:
        """(n,) one of (m,) values for each cluster, drawn with replacement."""
        return values[rng.integers(0, len(values), size=int(self.cluster.max()) + 1)][self.cluster]


def material_of(
    arms: Sequence[str],
    pairs: Sequence[Pair],
    data: ScoredEpisodes,
    covariates: FloatArray,
    averages: AverageEffects,
    *,
    seed: int,
    draws: int,
) -> Material:
    """A study's material: what its scores were made of.

    Args:
        covariates: (n, q) standardised.
    """
    kept = scored_rows(data)
    trial = trial_of(data, covariates)
    residual = trial.outcome - data.expected[kept, trial.arm]
    one, other = [arm for arm, _ in pairs], [over for _, over in pairs]
    spread = averages.covariance
    errors = np.sqrt(spread[one, one] + spread[other, other] - 2 * spread[one, other])
    cluster = np.unique(data.cluster[kept], return_inverse=True)[1].astype(np.int64)
    return Material(arms, trial, residual, cluster, pairs, np.asarray(errors), seed, draws)


def scored_rows(data: ScoredEpisodes) -> IntArray:
    """Which of the study's episodes refuters score: those observed; with a course all, as it completes the others."""
    return np.flatnonzero(~np.isnan(data.outcome) if data.by_course is None else np.ones(len(data.arm), np.bool_))


def trial_of(data: ScoredEpisodes, covariates: FloatArray) -> Trial:
    """The study's episodes as its score takes them.

    Without a course those observed: among them arm k has the chance e_k π_k / Σ e_j π_j, by the study's propensities e
    and chances π to be observed. With a course all of them, with completed outcomes and the propensities as they are:
    the score of completed outcomes knows no other weights.

    Args:
        covariates: (n, q) standardised.
    """
    kept, course = scored_rows(data), data.by_course
    chance = data.propensity * (data.observation if course is None else 1.0)
    return Trial(
        covariates=covariates,
        arm=data.arm,
        outcome=data.outcome if course is None else course.completed,
        propensity=chance / chance.sum(axis=1, keepdims=True),
        fold=data.fold,
    ).rows(kept)
