"""EconML's LinearDRLearner behind the effect-model protocol.

It is given our score matrix, so that every learner stands on the same nuisances: the scores ride in as W, its
"outcome model" reads the score of the arm in question from there, and the outcome given is such a score itself, so
that nothing is left to correct. Arms are integer codes and columns are bound by name outside.
"""

from __future__ import annotations

import warnings

import numpy as np
from econml.dr import LinearDRLearner
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.held_out import held_out_deviations


class _ScoreReader(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Reads the scores out of the columns that EconML passes through as W."""

    def __init__(self, features: int, arms: int) -> None:
        self.features = features
        self.arms = arms

    def fit(self, known: FloatArray, outcome: FloatArray) -> _ScoreReader:  # noqa: ARG002 - EconML passes both
        """Nothing to learn."""
        return self

    def predict(self, known: FloatArray) -> FloatArray:
        """The score of the arm that the trailing indicator columns name."""
        scores = known[:, self.features : self.features + self.arms]
        flags = known[:, self.features + self.arms :]
        started = np.hstack([1 - flags.sum(axis=1, keepdims=True), flags])
        return np.asarray((scores * started).sum(axis=1))


class _EvenOdds(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Propensities that no residual is ever divided by."""

    def fit(self, known: FloatArray, arm: IntArray) -> _EvenOdds:  # noqa: ARG002 - EconML passes both
        """Remember the arms."""
        self.classes_ = np.unique(arm)
        return self

    def predict_proba(self, known: FloatArray) -> FloatArray:
        """The same probability for every arm."""
        return np.full((len(known), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, known: FloatArray) -> IntArray:
        """The first arm; EconML scores its classifiers and asks for it."""
        return np.repeat(self.classes_[:1], len(known))


class LinearDR:
    """Doubly robust linear effects (Foster and Syrgkanis 2023, Orthogonal statistical learning)."""

    name = "LinearDRLearner"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients from EconML on the linear terms alone; the other terms get zeros."""
        learner = self.learner(data)
        arms, unused = data.scores.shape[1], np.zeros(data.basis.terms - data.basis.columns)
        rows = [
            np.concatenate([np.ravel(learner.intercept_(T=k)), learner.coef_(T=k), unused]) for k in range(1, arms)
        ]
        return np.vstack([np.zeros_like(rows[0]), *rows])

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations learned on the other folds."""
        return held_out_deviations(self, data)

    @staticmethod
    def learner(data: ScoredEpisodes) -> LinearDRLearner:
        """The fitted EconML object, for checks against what is served."""
        n, arms = data.scores.shape
        modifiers = data.features[:, : data.basis.columns]
        halves = np.array_split(np.arange(n), 2)
        learner = LinearDRLearner(
            model_regression=_ScoreReader(data.basis.columns, arms),
            model_propensity=_EvenOdds(),
            categories=list(range(arms)),
            cv=[(halves[0], halves[1]), (halves[1], halves[0])],
            random_state=0,
        )
        # Any arm's score serves as the outcome, since nothing is left to correct; codes 0..K-1 in turn make sure
        # that EconML meets every arm in both halves.
        arm = np.arange(n) % arms
        outcome = data.scores[np.arange(n), arm]
        with warnings.catch_warnings():
            # Modifiers that determine each other (two that are always missing together): the least-norm coefficients
            # are served, and their covariance is computed here, not by EconML.
            warnings.filterwarnings("ignore", message="Co-variance matrix is underdetermined", category=UserWarning)
            return learner.fit(outcome, arm, X=modifiers, W=data.scores)
