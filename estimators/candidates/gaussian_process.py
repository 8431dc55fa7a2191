"""A Gaussian process over all arms together on the residual scale, distilled: a teacher for small studies.

    Y - m(x) = g(x) + Σ_k (1[T = k] - e_k(x)) f_k(x) + ε

The f_k have one kernel that the arms share, g (what m missed) another (Alaa and van der Schaar 2017 use a joint
process); both are fitted as ``estimators.gaussian_process`` says.
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.distil import SMOOTH, Effects, Teacher
from estimators.gaussian_process import Part, Rows, evenly, fit_scales, part_kernel, pull, scales_of
from estimators.residual_scale import residual_outcome, residual_treatment, unlikely_seen

SEEN_FOR_SCALES = 800
"""Episodes, evenly spaced, that scales are fitted on; each step costs the cube of their number."""

PRIOR_VARIANCE = 0.05
"""Prior median of each kernel's variance, as a share of the outcome's; within a factor e^1.5 in about two of three."""

CONSTANT_VARIANCE = 10.0
"""Of constant effects, as a share of the outcome's variance: hardly any prior."""


class GaussianProcess(Teacher):
    """The process's posterior mean as an effect model."""

    name = "gaussian_process"
    penalty = SMOOTH

    def __init__(self, seen_for_scales: int = SEEN_FOR_SCALES) -> None:
        self.seen_for_scales = seen_for_scales

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Fit scales on some of the episodes, the process on all."""
        seen = np.flatnonzero(~np.isnan(data.outcome))
        treatment = residual_treatment(data, seen)
        residual, weight = residual_outcome(data, seen), unlikely_seen(data, seen)
        spread = float(residual.std()) or 1.0
        target, noise = (residual - residual.mean()) / spread, weight.mean() / weight
        modifiers, some = data.modifiers[seen], evenly(len(seen), self.seen_for_scales)
        scales = fit_scales(Rows(modifiers[some], _parts(treatment[some]), target[some], noise[some]))
        rows = Rows(modifiers, _parts(treatment), target, noise)
        pulled = treatment * pull(rows, scales)[:, None]
        effect, own = rows.parts[1], scales_of(2, scales)[1]

        def effects(at: FloatArray) -> FloatArray:
            found = part_kernel(effect, at, modifiers, own) @ pulled * spread
            return np.asarray(found - found[:, :1])

        return effects


def _parts(treatment: FloatArray) -> tuple[Part, Part]:
    """What m missed and effects, of (m, K) residual treatments."""
    overlap = treatment @ treatment.T
    return (
        Part(np.ones_like(overlap), 0.0, PRIOR_VARIANCE, PRIOR_VARIANCE),
        Part(overlap, CONSTANT_VARIANCE, PRIOR_VARIANCE, PRIOR_VARIANCE),
    )
