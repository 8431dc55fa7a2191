"""Puts effects into the form that is served: averages, and deviations from them as far as they are earned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import AverageEffects, BoolArray, ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.gate import Individualisation
from data_contracts.protocol import StudyProtocol
from estimators.candidates import LEAD, RIVALS
from estimators.hierarchical import Posterior
from estimators.individualise import decide
from estimators.stack import Stack, stack


@dataclass(frozen=True)
class Served:
    """What is served and why.

    Attributes:
        effects: the served effects.
        decisions: for each arm but the reference.
        weights: of each candidate in the stack, by name.
    """

    effects: ServedEffects
    decisions: tuple[Individualisation, ...]
    weights: dict[str, float]


def serve(data: ScoredEpisodes, averages: AverageEffects, protocol: StudyProtocol, arms: tuple[str, ...]) -> Served:
    """Fit the candidates, stack them, decide arm by arm, and widen what is served by what it leaves out."""
    posterior, lead = LEAD.posterior(data)
    stacked = stack(data, [lead, *(model.held_out(data) for model in RIVALS)])
    decisions = decide(data, stacked, arms, protocol.gates, protocol.confidence)
    varying = np.array([False, *(decision.individualised for decision in decisions)])
    slopes = np.zeros_like(posterior.mean[:, 1:])
    if varying.any():
        slopes = _served_slopes(data, posterior, stacked, varying)
    names = [LEAD.name, *(model.name for model in RIVALS)]
    return Served(
        effects=_effects(averages, posterior, slopes, varying),
        decisions=decisions,
        weights=dict(zip(names, stacked.weights.tolist(), strict=True)),
    )


def _served_slopes(data: ScoredEpisodes, posterior: Posterior, stacked: Stack, varying: BoolArray) -> FloatArray:
    """(K, P) stacked slopes, shrunk by the held-out slope where it is below 1; zero where an arm stays constant."""
    weights = stacked.weights
    slopes = weights[0] * posterior.mean[:, 1:]
    for weight, model in zip(weights[1:], RIVALS, strict=True):
        if weight > 0:
            slopes = slopes + weight * model.fit(data)[:, 1:]
    return np.asarray(np.where(varying[:, None], min(stacked.slope, 1.0) * slopes, 0.0))


def _effects(averages: AverageEffects, posterior: Posterior, slopes: FloatArray, varying: BoolArray) -> ServedEffects:
    """Averages with served slopes; the root holds the averages' errors, the posterior's draws and what is left out."""
    arms, size = posterior.mean.shape
    values, vectors = np.linalg.eigh(averages.covariance)
    sampling = np.zeros((arms, arms, size))
    sampling[:, :, 0] = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    draws = np.zeros_like(posterior.draws)
    draws[:, :, 1:] = (posterior.draws - posterior.draws.mean(axis=0))[:, :, 1:] / np.sqrt(len(draws))
    left_out = np.zeros((1, arms, size))
    left_out[0, :, 1:] = posterior.mean[:, 1:] - slopes
    return ServedEffects(
        coefficients=np.column_stack([averages.effects, slopes]),
        root=np.concatenate([sampling, draws, left_out]),
        individualised=varying,
    )
