"""Waves: terms of the basis that see what a few columns do together, chosen for what a teacher says of effects.

Waves cos(ω'z + φ) with ω drawn by a Gaussian process's length-scales are what its squared exponential kernel is the
mean of (Rahimi and Recht 2007, Random features for large-scale kernel machines, NeurIPS 20): enough of them can say
what the process says, and each is bounded by 1, whoever the patient. Of many, those are kept that explain most of
what the other terms leave of the teacher's effects, a few at a time (orthogonal matching pursuit: Pati, Rezaiifar and
Krishnaprasad 1993, Asilomar 27).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.basis import FASTEST, HOLD, Basis
from data_contracts.episode import FloatArray, IntArray
from estimators.basis_design import TINY

COLUMNS = 8
"""Columns that waves are made from at most: those with the shortest length-scales."""

DRAWN, KEPT, AT_ONCE = 1_000, 100, 10
"""Waves drawn, kept, and kept at a time."""

PENALTY = 2.0
"""Of a squared slope, in episodes, while they are chosen."""

LEAST_SPREAD = 0.05
"""Standard deviation that a wave needs over the rows: one that hardly varies would be some few patients' alone."""

SEED = 20260102


@dataclass(frozen=True)
class Waves:
    """D waves over a few columns.

    Attributes:
        columns: (m,) of the modifiers.
        weights: (D, m) radians in a standard deviation.
        phase: (D,) radians.
    """

    columns: IntArray
    weights: FloatArray
    phase: FloatArray

    def of(self, modifiers: FloatArray) -> FloatArray:
        """(n, D) waves of (n, p) modifiers, neither centred nor scaled."""
        held = np.minimum(np.maximum(modifiers[:, self.columns], -HOLD), HOLD)
        return np.asarray(np.cos(held @ self.weights.T + self.phase))

    def chosen(self, which: IntArray) -> Waves:
        """Some of them."""
        return Waves(self.columns, self.weights[which], self.phase[which])


def with_waves(basis: Basis, modifiers: FloatArray, effects: FloatArray, lengths: FloatArray) -> Basis:
    """The basis with waves beside its other terms, standardised over (n, p) modifiers.

    Args:
        effects: (n, K) that the terms are to say, against the reference.
        lengths: (S, p) length-scales of processes, as many of the waves drawn by each.
    """
    drawn = draw_waves(lengths)
    terms = drawn.of(modifiers)
    wide = np.flatnonzero(terms.std(axis=0) > LEAST_SPREAD)
    if not len(wide):
        return basis
    kept = drawn.chosen(wide[choose(basis.expand(modifiers), terms[:, wide], effects)])
    terms = kept.of(modifiers)
    return Basis(
        **{
            **basis.model_dump(),
            "wave_columns": tuple(kept.columns.tolist()),
            "wave_weights": tuple(tuple(weights) for weights in kept.weights.tolist()),
            "wave_phase": tuple(kept.phase.tolist()),
            "centre": (*basis.centre, *terms.mean(axis=0).tolist()),
            "scale": (*basis.scale, *terms.std(axis=0).tolist()),
        }
    )


def draw_waves(lengths: FloatArray) -> Waves:
    """Waves over the columns with the shortest of (S, p) length-scales; the same for the same length-scales."""
    rng = np.random.default_rng(SEED)
    columns = np.argsort(lengths.min(axis=0), kind="stable")[:COLUMNS]
    each = DRAWN // len(lengths)
    weights = np.concatenate([rng.standard_normal((each, len(columns))) / own[columns] for own in lengths])
    return Waves(columns, np.clip(weights, -FASTEST, FASTEST), rng.uniform(0, 2 * np.pi, len(weights)))


def choose(terms: FloatArray, waves: FloatArray, effects: FloatArray) -> IntArray:
    """At most KEPT of D waves, by what they explain of effects beside the terms, in the order in which they do.

    Args:
        terms: (n, P) that are there anyway.
        waves: (n, D).
        effects: (n, K).
    """
    around, scale = terms - terms.mean(axis=0), waves.std(axis=0)
    others = np.column_stack([(waves - waves.mean(axis=0)) / scale, effects - effects.mean(axis=0)])
    left = others - around @ _ridge(around, others)
    waves, target = left[:, : waves.shape[1]], left[:, waves.shape[1] :]
    size = np.maximum((waves**2).sum(axis=0), TINY)
    kept: list[int] = []
    unexplained = target
    while len(kept) < min(KEPT, waves.shape[1]):
        gain = ((waves.T @ unexplained) ** 2).sum(axis=1) / (size + PENALTY)
        gain[kept] = -1.0
        kept += np.argsort(-gain, kind="stable")[: min(AT_ONCE, waves.shape[1] - len(kept))].tolist()
        unexplained = target - waves[:, kept] @ _ridge(waves[:, kept], target)
    return np.asarray(kept, dtype=np.int64)


def _ridge(design: FloatArray, targets: FloatArray) -> FloatArray:
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] += PENALTY
    return np.asarray(np.linalg.solve(gram, design.T @ targets))
