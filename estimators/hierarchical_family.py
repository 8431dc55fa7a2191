"""The leading models: one hierarchical model at four levels of detail, from the same cross products.

A rich model sees steps and interactions but blurs what is simple; a plain one is sharp where effects are plain and too
sure of itself where they are not. Averaged by what held-out data say, from equal prior weights, they are more accurate
than any one of them, and their posteriors together, with how far they disagree, cover what none covers alone (stacking
of predictive distributions: Yao, Vehtari, Simpson and Gelman 2018, Bayesian Analysis 13(3)).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_contracts.basis import WAVE, Basis
from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.hierarchical import SERVED, Hierarchical, Posterior
from estimators.sufficient import sufficient_by_fold, total

FAMILY = (
    Hierarchical("linear", (0,)),
    Hierarchical("additive", (0, 1)),
    Hierarchical("products", (0, 1, 2)),
    Hierarchical("interacting", tuple(range(WAVE))),
)
"""From the plainest to the richest. None knows waves, which the outcome has chosen."""

RESERVE = 0.5
"""Share of the draws that the richest model always has: held-out data tell little of what a plain model misses."""

DRAWS = SERVED[1] * SERVED[2]
"""Draws of coefficients that each leading model has."""


@dataclass(frozen=True)
class Lead:
    """One leading model, fitted.

    Attributes:
        name: the model's.
        posterior: from all episodes.
        deviations: (n, K) held out.
    """

    name: str
    posterior: Posterior
    deviations: FloatArray

    def widened(self, more: int) -> Lead:
        """The same in a basis with so many more terms, last, in which its effects do not vary."""
        return replace(self, posterior=self.posterior.widened(more)) if more else self


def family(basis: Basis) -> tuple[Hierarchical, ...]:
    """The models that differ on this basis: without products, say, the interacting one is the additive one."""
    distinct: dict[frozenset[int], Hierarchical] = {}
    for model in FAMILY:
        distinct.setdefault(frozenset(model.kinds) & frozenset(basis.kind.tolist()), model)
    return tuple(distinct.values())


def plain_and_rich(basis: Basis) -> tuple[Hierarchical, ...]:
    """The plainest and the richest of them alone: half the cost, for outcomes beside the primary one."""
    models = family(basis)
    return (models[0], models[-1]) if len(models) > 1 else models


def fit_family(data: ScoredEpisodes, models: tuple[Hierarchical, ...] | None = None) -> tuple[Lead, ...]:
    """Fit leading models, the richest last, all that differ if none are given; cross products are computed once."""
    parts = sufficient_by_fold(data)
    whole = total(parts, data)
    return tuple(
        Lead(model.name, model.posterior(whole, data), model.held_out_from(parts, data))
        for model in models or family(data.basis)
    )


def mixed_draws(leads: tuple[Lead, ...], weights: FloatArray, size: int = DRAWS) -> FloatArray:
    """(size, K, 1 + P) draws of the mixture: half (RESERVE) the richest model's, the others by (C,) weights."""
    share = weights / weights.sum() if weights.sum() > 0 else np.full(len(leads), 1 / len(leads))
    share = (1 - RESERVE) * share + RESERVE * (np.arange(len(leads)) == len(leads) - 1)
    counts = np.diff(np.rint(size * np.concatenate([[0.0], np.cumsum(share)])).astype(np.int64))
    kept = []
    for lead, count in zip(leads, counts, strict=True):
        evenly = np.linspace(0, len(lead.posterior.draws) - 1, int(count)).round().astype(np.int64)
        kept.append(lead.posterior.draws[evenly])
    return np.concatenate(kept)
