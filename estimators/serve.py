"""Puts effects into the form that is served: averages, and deviations from them as far as they are earned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import AverageEffects, BoolArray, EffectModel, ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.gate import Individualisation
from data_contracts.protocol import StudyProtocol
from estimators.competition import Competition, compete
from estimators.hierarchical import SERVED, Hierarchical
from estimators.hierarchical_family import mixed_draws
from estimators.individualise import decide
from estimators.stack import Stack, stack


@dataclass(frozen=True)
class Served:
    """What is served and why.

    Attributes:
        effects: the served effects.
        decisions: for each arm but the reference.
        competition: the candidates with their held-out deviations.
        stacked: their weights and the held-out evidence.
    """

    effects: ServedEffects
    decisions: tuple[Individualisation, ...]
    competition: Competition
    stacked: Stack

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each candidate in the stack, by name."""
        return dict(zip(self.competition.names, self.stacked.weights.tolist(), strict=True))


def serve(
    data: ScoredEpisodes,
    averages: AverageEffects,
    protocol: StudyProtocol,
    arms: tuple[str, ...],
    rivals: tuple[EffectModel, ...],
    leading: tuple[Hierarchical, ...] | None = None,
    draws: int = SERVED[1],
) -> Served:
    """Fit the candidates, stack them, decide arm by arm, and widen what is served by what it leaves out.

    Args:
        data: an outcome's scored episodes.
        averages: its average effects.
        rivals: effect models that compete beside the leading ones.
        leading: the leading models, the richest last; all that differ on the basis if None.
        draws: how many stand for what is left open.
    """
    competition = compete(data, rivals, leading)
    stacked = stack(data, competition.deviations, competition.prior)
    decisions = decide(data, stacked, arms, protocol.gates, protocol.confidence)
    varying = np.array([False, *(decision.individualised for decision in decisions)])
    slopes = np.zeros((len(arms), data.basis.terms))
    if varying.any():
        slopes = np.where(varying[:, None], stacked.shrinkage * competition.slopes(data, stacked.weights), 0.0)
    return Served(_effects(averages, competition, stacked, slopes, varying, draws), decisions, competition, stacked)


def _effects(
    averages: AverageEffects,
    competition: Competition,
    stacked: Stack,
    slopes: FloatArray,
    varying: BoolArray,
    size: int,
) -> ServedEffects:
    """Averages with served slopes; the root holds the averages' errors and the leads' draws about what is served."""
    arms = len(slopes)
    values, vectors = np.linalg.eigh(averages.covariance)
    sampling = np.zeros((arms, arms, 1 + slopes.shape[1]))
    sampling[:, :, 0] = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    draws = mixed_draws(competition.leads, stacked.weights[: len(competition.leads)], size)
    draws[:, :, 0] = 0.0  # the averages' own errors stand for the intercepts
    draws[:, :, 1:] -= slopes
    return ServedEffects(
        coefficients=np.column_stack([averages.effects, slopes]),
        root=np.concatenate([sampling, draws / np.sqrt(len(draws))]),
        individualised=varying,
    )
