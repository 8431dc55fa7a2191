"""Filling in: the ways in which the records let a patient's missing effect modifiers be filled.

Half of the ways are drawn given what is known of the patient, half as if nothing were; what is served has to
cover both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.encoding import Encoding, Feature
from data_contracts.episode import FloatArray, IntArray
from data_contracts.fill_sketch import FillSketch
from engine.policy import Policy

WAYS = 128
"""Ways of each half."""


@dataclass(frozen=True)
class Ways:
    """Ways of filling in for one patient; the first half given what is known, the second as if nothing were.

    Attributes:
        features: positions of the missing effect modifiers among the features.
        scores: (missing, WAYS) normal scores of the first half.
        covariates: (2 WAYS, q) standardised covariates.
        terms: (2 WAYS, P) basis terms of the effect modifiers.
    """

    features: tuple[int, ...]
    scores: FloatArray
    covariates: FloatArray
    terms: FloatArray


def ways_of(policy: Policy, covariates: FloatArray, missing: BoolArray) -> Mapping[int, Ways]:
    """By row, the ways for each patient who lacks an effect modifier and can be ranked all the same.

    Args:
        policy: with a sketch of the modifiers.
        covariates: (n, q) standardised, filled as when learning.
        missing: (n, features) whether the feature was not given.
    """
    sketch = policy.fills
    modifiers = len(policy.manifest.effect_modifiers)
    if sketch is None or not np.count_nonzero(missing[:, :modifiers]):
        return {}
    rows = np.flatnonzero(missing[:, :modifiers].any(axis=1) & ~(missing & policy.is_key).any(axis=1))
    return {row: _ways(policy, sketch, covariates[row], missing[row, :modifiers]) for row in rows.tolist()}


def _ways(policy: Policy, sketch: FillSketch, covariates: FloatArray, missing: BoolArray) -> Ways:
    encoding, basis = policy.manifest.encoding, policy.manifest.basis
    lacking, known = np.flatnonzero(missing), np.flatnonzero(~missing)
    told = np.array([_score(encoding, sketch, at, covariates) for at in known.tolist()])
    given, anyhow = _scores(sketch.correlation, lacking, known, told)
    filled = np.tile(covariates, (2 * WAYS, 1))
    for at, scores in zip(lacking.tolist(), np.concatenate([given, anyhow], axis=1), strict=True):
        columns = policy.columns_of_feature[at]
        raw = _raw(encoding.features[at], sketch, at, scores)
        filled[:, columns] = (raw - np.asarray(encoding.centre)[columns]) / np.asarray(encoding.scale)[columns]
    return Ways(tuple(lacking.tolist()), given, filled, basis.expand(filled[:, : basis.columns]))


def _scores(
    correlation: FloatArray, lacking: IntArray, known: IntArray, told: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(missing, WAYS) normal scores given the known modifiers' scores, and the same as if nothing were known."""
    inner = correlation[np.ix_(lacking, lacking)]
    anyhow = np.linalg.cholesky(inner) @ _draws(len(lacking))
    if not len(known):
        return anyhow, anyhow
    weights = np.linalg.solve(correlation[np.ix_(known, known)], correlation[np.ix_(known, lacking)]).T
    left = inner - weights @ correlation[np.ix_(known, lacking)]
    return (weights @ told)[:, None] + np.linalg.cholesky(left) @ _draws(len(lacking)), anyhow


@cache
def _draws(count: int) -> FloatArray:
    """(count, WAYS) independent normal scores, evenly spread: the same for every patient and on every machine.

    The additive recurrence of Roberts (2018), whose steps are powers of the root of x^(count + 1) = x + 1.
    """
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (count + 1))
    steps = root ** -np.arange(1.0, count + 1)
    places = (0.5 + np.outer(steps, np.arange(1, WAYS + 1))) % 1.0
    inverse = NormalDist().inv_cdf
    return np.array([[inverse(min(max(place, 1e-9), 1 - 1e-9)) for place in row] for row in places.tolist()])


def _score(encoding: Encoding, sketch: FillSketch, at: int, covariates: FloatArray) -> float:
    """Normal score of a known modifier, read back from its standardised columns."""
    columns = [column for column, owner in enumerate(encoding.owner) if owner == at]
    raw = [covariates[column] * encoding.scale[column] + encoding.centre[column] for column in columns]
    if encoding.features[at].kind == "numeric":
        return sketch.score_of_number(at, round(float(raw[0]), 9))
    return sketch.score_of_level(at, 1 + int(np.argmax(raw)) if raw and max(raw) > 0.5 else 0)


def _raw(feature: Feature, sketch: FillSketch, at: int, scores: FloatArray) -> FloatArray:
    """(D, columns of the feature) values as ``Feature.encode`` would make them, none of them missing."""
    if feature.kind == "numeric":
        numbers = sketch.numbers(at, scores)[:, None]
        return np.hstack([numbers, np.zeros_like(numbers)]) if feature.missing_indicator else numbers
    return np.asarray(sketch.levels(at, scores)[:, None] == np.arange(1, len(feature.levels)), dtype=np.float64)
