"""Lets EconML's learners stand on the study's nuisances, so that all candidates are judged on the same ones.

What is known of each episode rides in as W; "models" that EconML cross-fits read it from there and learn nothing.
Doubly robust learners are given the scores themselves, residual learners m(x) = Σ_k e_k μ_k and the propensities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.residual_scale import expected_outcome, unlikely_seen


class ScoreReader(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Reads the score of an arm out of the last columns of W; the arm's indicators follow them."""

    def __init__(self, features: int, arms: int) -> None:
        self.features = features
        self.arms = arms

    def fit(self, known: FloatArray, outcome: FloatArray) -> ScoreReader:  # noqa: ARG002 - EconML passes both
        """Nothing to learn."""
        return self

    def predict(self, known: FloatArray) -> FloatArray:
        """The score of the arm that the trailing indicator columns name."""
        scores = known[:, self.features : self.features + self.arms]
        flags = known[:, self.features + self.arms :]
        started = np.hstack([1 - flags.sum(axis=1, keepdims=True), flags])
        return np.asarray((scores * started).sum(axis=1))


class EvenOdds(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Propensities that no residual is ever divided by."""

    def fit(self, known: FloatArray, arm: IntArray) -> EvenOdds:  # noqa: ARG002 - EconML passes both
        """Remember the arms."""
        self.classes_ = np.unique(arm)
        return self

    def predict_proba(self, known: FloatArray) -> FloatArray:
        """The same probability for every arm."""
        return np.full((len(known), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, known: FloatArray) -> IntArray:
        """The first arm; EconML scores its classifiers and asks for it."""
        return np.repeat(self.classes_[:1], len(known))


class OutcomeReader(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Reads m(x), the first column of W."""

    def __init__(self, features: int) -> None:
        self.features = features

    def fit(self, known: FloatArray, outcome: FloatArray, sample_weight: FloatArray | None = None) -> OutcomeReader:  # noqa: ARG002
        """Nothing to learn."""
        return self

    def predict(self, known: FloatArray) -> FloatArray:
        """What was expected of each episode, whatever its arm."""
        return known[:, self.features]


class PropensityReader(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Reads the propensities, the columns of W after the first."""

    def __init__(self, features: int) -> None:
        self.features = features

    def fit(self, known: FloatArray, arm: IntArray, sample_weight: FloatArray | None = None) -> PropensityReader:  # noqa: ARG002
        """Remember the arms."""
        self.classes_ = np.unique(arm)
        return self

    def predict_proba(self, known: FloatArray) -> FloatArray:
        """The propensity of every arm."""
        return known[:, self.features + 1 :]

    def predict(self, known: FloatArray) -> IntArray:
        """The likeliest arm; EconML scores its classifiers and asks for it."""
        return np.asarray(self.classes_[self.predict_proba(known).argmax(axis=1)])


@dataclass(frozen=True)
class FitArguments:
    """What EconML's learners are fitted on.

    Attributes:
        outcome, arm, modifiers, known: Y, T, X and W.
        weight: (m,) how unlikely each episode was to be observed, 1 on average; None where scores account for it.
        halves: two halves with every arm in each, which is all that EconML asks of a cross-fit that learns nothing.
    """

    outcome: FloatArray
    arm: IntArray
    modifiers: FloatArray
    known: FloatArray
    weight: FloatArray | None
    halves: list[tuple[IntArray, IntArray]]


def for_doubly_robust(data: ScoredEpisodes) -> FitArguments:
    """Scores as outcomes: any arm's will do, since nothing is left to correct, so the arms are dealt in turn."""
    n, arms = data.scores.shape
    arm = np.arange(n) % arms
    half = np.arange(n) < (n + 1) // 2
    outcome = data.scores[np.arange(n), arm]
    return FitArguments(outcome, arm, data.modifiers, data.scores, None, _both_ways(half))


def for_residuals(data: ScoredEpisodes) -> FitArguments:
    """The observed episodes, with m(x) and the propensities as W."""
    rows = np.flatnonzero(~np.isnan(data.outcome))
    arm, propensity = data.arm[rows], data.propensity[rows]
    expected, weight = expected_outcome(data, rows), unlikely_seen(data, rows)
    half = np.zeros(len(rows), dtype=np.bool_)
    for k in range(propensity.shape[1]):
        half[np.flatnonzero(arm == k)[::2]] = True
    known = np.column_stack([expected, propensity])
    return FitArguments(data.outcome[rows], arm, data.modifiers[rows], known, weight / weight.mean(), _both_ways(half))


def _both_ways(half: BoolArray) -> list[tuple[IntArray, IntArray]]:
    one, other = np.flatnonzero(half), np.flatnonzero(~half)
    return [(one, other), (other, one)]
