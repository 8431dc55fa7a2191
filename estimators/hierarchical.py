"""A hierarchical model of effects on the residual scale, with priors that the arms share.

    Y - m(x) = Σ_k (1[T = k] - e_k(x)) (a_k + φ(x)'b_k) + ε,    m(x) = Σ_k e_k(x) μ_k(x)

(Robinson 1988; Nie and Wager 2021, Quasi-oracle estimation of heterogeneous treatment effects). The slopes have
b_kj ~ N(0, v_g λ_c): v_g for the kind of term (``Basis.kind``: linear, bump, product …) and λ_c for what it is made
from, a column or a pair of columns, both shared by the arms, with half-Cauchy priors on their square roots (a
grouped horseshoe: Carvalho, Polson and Scott 2010). So a modifier that matters for no arm is shrunk away for all, and
how far effects may vary is learned from the records.

Residual treatments sum to zero over the arms, so the slopes are found as K - 1 orthonormal contrasts c of the arms,
b = H c, whose prior is again N(0, v_g λ_c); what they leave out, a shift common to all arms, no record can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.basis import KINDS
from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.horseshoe import Horseshoe
from estimators.residual_scale import arm_contrasts
from estimators.sufficient import Sufficient, sufficient, sufficient_by_fold, total

SERVED, HELD_OUT = (40, 50, 3), (20, 20, 1)
"""Draws of the scales thrown away and kept, and draws of coefficients for each one kept: for what is served, and for a
held-out mean, which needs fewer."""


@dataclass(frozen=True)
class Posterior:
    """What the records say of effects, as draws.

    Attributes:
        mean: (K, 1 + P) posterior mean of the coefficients against the reference, intercepts first; row 0 is zero.
        draws: (R, K, 1 + P) the same, drawn.
    """

    mean: FloatArray
    draws: FloatArray

    def widened(self, more: int) -> Posterior:
        """The same in a basis with so many more terms, last, in which effects do not vary."""
        mean, draws = (
            np.concatenate([found, np.zeros((*found.shape[:-1], more))], axis=-1) for found in (self.mean, self.draws)
        )
        return Posterior(mean, draws)


class Hierarchical:
    """The model as an effect model, and its whole posterior.

    Args:
        name: short name.
        kinds: kinds of terms (``Basis.kind``) that effects may vary with; others have slope zero.
    """

    def __init__(self, name: str = "hierarchical", kinds: tuple[int, ...] = tuple(range(KINDS))) -> None:
        self.name, self.kinds = name, kinds

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) posterior mean."""
        return self.posterior(sufficient(data), data).mean

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations learned on the other folds, whose cross products are found by subtraction."""
        return self.held_out_from(sufficient_by_fold(data), data)

    def held_out_from(self, parts: Mapping[int, Sufficient], data: ScoredEpisodes) -> FloatArray:
        """The same from the cross products of each fold."""
        whole = total(parts, data)
        deviations = np.empty_like(data.scores)
        for fold, part in parts.items():
            mean = self.posterior(whole - part, data, HELD_OUT).mean
            deviations[data.fold == fold] = data.terms(data.fold == fold) @ mean[:, 1:].T
        return deviations

    def posterior(self, sums: Sufficient, data: ScoredEpisodes, draws: tuple[int, int, int] = SERVED) -> Posterior:
        """Draw from the posterior; the same sums give the same draws. ``data`` tells the arms and the basis alone.

        Args:
            draws: as ``Horseshoe.run`` takes them.
        """
        basis, arms = data.basis, data.scores.shape[1]
        used = np.flatnonzero(np.isin(basis.kind, self.kinds))
        columns = np.add.outer((1 + basis.terms) * np.arange(arms - 1), np.r_[0, 1 + used]).ravel()
        source = {made_from: i for i, made_from in enumerate(dict.fromkeys(basis.sources[j] for j in used))}
        alike = sums.alike(columns)
        even = sums.rows / sums.weight  # weights that are 1 on average; known here alone, so that sums of sets add up
        sampler = Horseshoe(
            even / alike * sums.gram[np.ix_(columns, columns)],
            even / alike * sums.moment[columns],
            even / alike * sums.total,
            sums.rows / alike,
            kind=np.tile(np.r_[-1, np.unique(basis.kind[used], return_inverse=True)[1]], arms - 1),
            source=np.tile(np.r_[-1, [source[basis.sources[j]] for j in used]], arms - 1),
            copies=arms - 1,
        )
        drawn, means = sampler.run(*draws)
        against = arm_contrasts(arms) - arm_contrasts(arms)[0]
        found = np.zeros((len(drawn), arms, 1 + basis.terms))
        mean = np.zeros((arms, 1 + basis.terms))
        at, shape = np.r_[0, 1 + used], (-1, arms - 1, 1 + len(used))
        found[:, :, at] = np.matmul(against, drawn.reshape(shape))
        mean[:, at] = against @ means.reshape(shape).mean(axis=0)
        return Posterior(mean=mean, draws=found)
