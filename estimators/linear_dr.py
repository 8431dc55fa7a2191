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

from data_contracts.effects import BoolArray, ScoredEpisodes, ServedEffects
from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import clustered_covariance


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

    def fit(self, data: ScoredEpisodes) -> ServedEffects:
        """Effects linear in the standardised modifiers, every arm individualised, with their joint covariance."""
        coefficients = self.coefficients(data)
        return serve_linear(data, coefficients, np.ones(len(coefficients), dtype=np.bool_))

    def coefficients(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + p) coefficients from EconML, intercepts first; row 0 is zero."""
        learner = self.learner(data)
        rows = [np.hstack([learner.intercept_(T=k), learner.coef_(T=k)]) for k in range(1, data.scores.shape[1])]
        return np.vstack([np.zeros_like(rows[0]), *rows])

    @staticmethod
    def learner(data: ScoredEpisodes) -> LinearDRLearner:
        """The fitted EconML object, for checks against what is served."""
        n, arms = data.scores.shape
        halves = np.array_split(np.arange(n), 2)
        learner = LinearDRLearner(
            model_regression=_ScoreReader(data.features.shape[1], arms),
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
            return learner.fit(outcome, arm, X=data.features, W=data.scores)


def serve_linear(data: ScoredEpisodes, coefficients: FloatArray, individualised: BoolArray) -> ServedEffects:
    """The served form: linear for individualised arms, the average for the others, with one joint covariance.

    Args:
        coefficients: (K, 1 + p) of every arm; used where individualised.
        individualised: (K,) which arms vary with the patient; the reference's entry is ignored.
    """
    n, arms = data.scores.shape
    basis = np.hstack([np.ones((n, 1)), data.features])
    size = basis.shape[1]
    bread = np.linalg.pinv(basis.T @ basis / n)
    contrasts = data.contrasts
    served = np.zeros((arms, size))
    influence = np.zeros((n, arms, size))
    varying = individualised.copy()
    varying[0] = False
    for k in range(1, arms):
        if varying[k]:
            served[k] = coefficients[k]
            residual = contrasts[:, k] - basis @ coefficients[k]
            influence[:, k] = residual[:, None] * (basis @ bread)
        else:
            served[k, 0] = contrasts[:, k].mean()
            influence[:, k, 0] = contrasts[:, k] - served[k, 0]
    covariance = clustered_covariance(influence.reshape(n, -1) / n, data.cluster, parameters=size)
    shape = (arms, size, arms, size)
    return ServedEffects(served, covariance.reshape(shape), np.zeros((arms, arms)), varying)
