"""Widening: effects and outcomes where effect modifiers are missing cover what filling in could give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ServedEffects, with_ends
from data_contracts.episode import FloatArray
from data_contracts.support import probability_of
from engine.filling import WAYS, Ways
from engine.outcome import expected_outcomes
from engine.patient import Patients
from engine.policy import Policy

SPARED = 0.5
"""Of the share of ways that may lie outside, so much is used: the sketch's quantiles are means, and blunt where a
number takes few values."""


@dataclass(frozen=True)
class ServedHere:
    """Effects served for n patients.

    Attributes:
        effects: (n, K) served effects, with their (n, K, K) joint ``covariance``.
        ends: (n, K, 3) the effects and the ends of their intervals.
    """

    effects: FloatArray
    covariance: FloatArray
    ends: FloatArray


@dataclass(frozen=True)
class FilledEffects:
    """Effects of one patient in each of D ways, (D, K), with the ends of the intervals that would then be served."""

    effects: FloatArray
    lower: FloatArray
    upper: FloatArray
    covariance: FloatArray


def serve_here(served: ServedEffects, patients: Patients, z: float, confidence: float) -> ServedHere:
    """Effects at the patients' terms, with intervals that cover what a missing effect modifier leaves open.

    Where one is missing, the effect is the mean over the ways of filling it in given what is known; in at least the
    stated share of the ways the whole interval that would then be served lies inside the one that is. The joint
    covariance is that of the mixture of all ways about the served effect.

    Args:
        served: the effects of one outcome.
        patients: n of them.
        z: normal quantile of a two-sided interval at ``confidence``.
        confidence: the share.
    """
    effects, covariance = served.at(patients.terms)
    errors = np.sqrt(np.maximum(covariance.diagonal(axis1=1, axis2=2), 0.0))
    ends = with_ends(effects, z * errors)
    for row, ways in patients.ways.items():
        filled = effects_in(served, ways, z)
        covariance[row] = _mixture(filled, effects[row])
        in_ways = np.stack([filled.effects, filled.lower, filled.upper], axis=-1)
        ends[row] = covering(ends[row], in_ways, confidence)
    return ServedHere(effects, covariance, ends)


def _mixture(filled: FilledEffects, effects: FloatArray) -> FloatArray:
    """(K, K) covariance of the mixture of all ways about the (K,) served effects."""
    away = filled.effects - effects
    return np.asarray(filled.covariance + away.T @ away / len(away))


def covering(ends: FloatArray, in_ways: FloatArray, confidence: float) -> FloatArray:
    """(..., 3) an estimate and ends that cover what is served in the stated share of (2 WAYS, ..., 3) ways."""
    lower = np.minimum(_end(in_ways[..., 1], confidence), ends[..., 0])
    upper = np.maximum(-_end(-in_ways[..., 2], confidence), ends[..., 0])
    return np.stack([ends[..., 0], lower, upper], axis=-1)


def effects_in(served: ServedEffects, ways: Ways, z: float) -> FilledEffects:
    """What would be served in each way, and the mean of the ways' covariances."""
    terms = np.concatenate([np.ones((len(ways.terms), 1)), ways.terms], axis=1)
    effects = served.coefficients @ terms.T
    deviations = np.swapaxes(served.root, 0, 1) @ terms.T  # (K, R, D)
    errors = np.sqrt(np.einsum("krd,krd->kd", deviations, deviations))
    flat = deviations.reshape(len(deviations), -1)
    covariance = flat @ flat.T / len(terms)
    return FilledEffects(effects.T, (effects - z * errors).T, (effects + z * errors).T, covariance)


def widened_outcomes(policy: Policy, patients: Patients, expected: FloatArray) -> FloatArray:
    """(n, K, 3) expected outcomes and their ranges, over the ways where effect modifiers are missing."""
    confidence = policy.manifest.confidence
    for row, ways in patients.ways.items():
        probability = probability_of(policy.support.log_odds(ways.covariates))
        told = expected_outcomes(policy, ways.covariates, probability, policy.effects.over(ways.terms))
        expected[row, :, 0] = told[:WAYS, :, 0].mean(axis=0)
        expected[row, :, 1] = _end(told[..., 1], confidence)
        expected[row, :, 2] = -_end(-told[..., 2], confidence)
        expected[row, np.isnan(told).any(axis=(0, 2))] = np.nan
    return expected


def lower_end(ends: FloatArray, confidence: float) -> FloatArray:
    """(...) the end below which fewer than (1 - confidence) / 2 of (D, ...) ends lie."""
    place = int((1 - confidence) / 2 * SPARED * len(ends))
    return np.asarray(np.sort(ends, axis=0)[place])


def _end(ends: FloatArray, confidence: float) -> FloatArray:
    """(...) the lower of the ends of the two halves of (2 WAYS, ...) ways."""
    return np.minimum(lower_end(ends[:WAYS], confidence), lower_end(ends[WAYS:], confidence))
