"""Puts effects into the form that is served: averages, and deviations from them as far as they are earned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_contracts.effects import AverageEffects, BoolArray, EffectModel, ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.gate import Individualisation
from data_contracts.protocol import StudyProtocol
from estimators.competition import Competition, compete
from estimators.hierarchical import Hierarchical
from estimators.hierarchical_family import DRAWS, mixed_draws
from estimators.individualise import decide
from estimators.misfit import missed_variance
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
    draws: int = DRAWS,
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
    effects = _around(data, averages, slopes, varying, competition, stacked, draws)
    return Served(effects, decisions, competition, stacked)


def serve_averages(data: ScoredEpisodes, averages: AverageEffects, served: Served, why: str) -> Served:
    """The same with every effect constant, its interval widened by all that effects may differ.

    Args:
        why: of the decisions that are withheld, as the end of a sentence.
    """
    slopes = np.zeros_like(served.effects.coefficients[:, 1:])
    varying = np.zeros(len(slopes), dtype=np.bool_)
    effects = _around(data, averages, slopes, varying, served.competition, served.stacked, DRAWS)
    return replace(served, effects=effects, decisions=tuple(_withheld(found, why) for found in served.decisions))


def _withheld(decision: Individualisation, why: str) -> Individualisation:
    if not decision.individualised:
        return decision
    told = f"{decision.arm}: constant; {why}."
    return decision.model_copy(update={"individualised": False, "withheld": True, "reason": told})


def _around(
    data: ScoredEpisodes,
    averages: AverageEffects,
    slopes: FloatArray,
    varying: BoolArray,
    competition: Competition,
    stacked: Stack,
    draws: int,
) -> ServedEffects:
    """Averages with (K, P) served slopes, widened by what these leave open."""
    possible = mixed_draws(competition.leads, stacked.weights[: len(competition.leads)], draws)
    return _effects(averages, possible, slopes, missed_variance(data, slopes), varying)


def _effects(
    averages: AverageEffects, draws: FloatArray, slopes: FloatArray, missed: FloatArray, varying: BoolArray
) -> ServedEffects:
    """Averages with served slopes; the root holds the averages' errors, the (R, K, 1 + P) draws about what is served
    and the (K,) variances that the basis is taken to miss.
    """
    arms = len(slopes)
    values, vectors = np.linalg.eigh(averages.covariance)
    fixed = np.zeros((2 * arms, arms, 1 + slopes.shape[1]))
    fixed[:arms, :, 0] = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    fixed[arms:, :, 0] = np.diag(np.sqrt(missed))
    around = draws.copy()
    around[:, :, 0] = 0.0  # the averages' own errors stand for the intercepts
    around[:, :, 1:] -= slopes
    return ServedEffects(
        coefficients=np.column_stack([averages.effects, slopes]),
        root=np.concatenate([fixed, around / np.sqrt(len(around))]),
        individualised=varying,
    )
