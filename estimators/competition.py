"""The candidates of a study, each with what it says of every episode from the other folds alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import EffectModel, ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.hierarchical import Hierarchical
from estimators.hierarchical_family import Lead, fit_family


@dataclass(frozen=True)
class Competition:
    """Leading models and their rivals.

    Attributes:
        leads: the leading models, fitted.
        rivals: the others, which are fitted to all episodes only if they are given a weight.
        deviations: each candidate's (n, K) held-out deviations, the leads' first.
    """

    leads: tuple[Lead, ...]
    rivals: tuple[EffectModel, ...]
    deviations: list[FloatArray]

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates' names, in order."""
        return (*(lead.name for lead in self.leads), *(rival.name for rival in self.rivals))

    @property
    def prior(self) -> FloatArray:
        """(C,) weights without evidence: an equal share of each lead and none of the others."""
        shares = np.full(len(self.leads), 1 / len(self.leads))
        return np.concatenate([shares, np.zeros(len(self.rivals))])

    def slopes(self, data: ScoredEpisodes, weights: FloatArray) -> FloatArray:
        """(K, P) slopes of the candidates, weighted by (C,) weights."""
        means = np.stack([lead.posterior.mean[:, 1:] for lead in self.leads])
        found: FloatArray = np.tensordot(weights[: len(means)], means, axes=1)
        plain = data.plain
        for weight, model in zip(weights[len(self.leads) :], self.rivals, strict=True):
            if weight > 0:
                slopes = model.fit(_seen_by(model, data, plain))[:, 1:]
                found[:, : slopes.shape[1]] += weight * slopes
        return found


def compete(
    data: ScoredEpisodes, rivals: tuple[EffectModel, ...], leading: tuple[Hierarchical, ...] | None = None
) -> Competition:
    """Fit the leading models, and let every candidate say what it says of the episodes that it did not see.

    Candidates that nobody has taught anything do not compete.
    """
    taught = data.taught is not None
    rivals = tuple(model for model in rivals if taught or not model.passes_on)
    plain = data.plain
    leads = tuple(lead.widened(data.basis.terms - plain.basis.terms) for lead in fit_family(plain, leading))
    held_out = [model.held_out(_seen_by(model, data, plain)) for model in rivals]
    return Competition(leads, rivals, [lead.deviations for lead in leads] + held_out)


def _seen_by(model: EffectModel, data: ScoredEpisodes, plain: ScoredEpisodes) -> ScoredEpisodes:
    """All outcomes have chosen the waves, so that they are hidden from all but who chooses them anew for each fold."""
    return data if model.passes_on else plain
