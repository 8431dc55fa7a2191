"""The way of the data from checked episodes to served effects, each step a named function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from data_contracts.basis import Basis
from data_contracts.effects import AverageEffects, ScoredEpisodes, ServedEffects
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes, FloatArray, IntArray
from data_contracts.gate import Individualisation
from data_contracts.protocol import Outcome, StudyProtocol
from estimators.basis_design import smooth_basis
from estimators.contrasts import average_effects
from estimators.design import learn_encoding
from estimators.folds import check_folds, deal_folds
from estimators.nuisances import CrossFitted, crossfit_observation, crossfit_outcome, crossfit_propensity
from estimators.scores import score_matrix
from estimators.serve import serve
from estimators.serving_models import outcome_model, support_model

Progress: TypeAlias = Callable[[str, float], None]
"""Called with what is being done and the share (0-1) of the work behind it."""


@dataclass(frozen=True)
class Learned:
    """All that was learned of a study's arms.

    Attributes:
        encoding: how covariates are put into numbers, the effect modifiers first.
        covariates: (n, q) standardised covariates.
        propensity: held-out propensities and how they were chosen.
        outcomes: held-out outcome regressions by outcome column.
        scored: the primary outcome's scored episodes.
        averages: average effects by outcome column, the primary first.
        individualisation: the decision for each arm but the reference.
        candidate_weights: of each effect model in what varies, by name.
        served: the effects that will be served.
        support: (K, 1 + q) served propensity.
        expected: (1 + q,) served expected outcome of the reference, and its (K,) residual spread.
    """

    encoding: Encoding
    covariates: FloatArray
    propensity: CrossFitted
    outcomes: Mapping[str, CrossFitted]
    scored: ScoredEpisodes
    averages: Mapping[str, AverageEffects]
    individualisation: tuple[Individualisation, ...]
    candidate_weights: Mapping[str, float]
    served: ServedEffects
    support: FloatArray
    expected: FloatArray
    residual_sd: FloatArray


def learn(episodes: Episodes, protocol: StudyProtocol, progress: Progress = lambda _step, _share: None) -> Learned:
    """Learn effects; deterministic for the same episodes and protocol.

    Args:
        progress: told of each step as it starts.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from.
    """
    with threadpool_limits(1):
        progress("dealing folds", 0.0)
        fold = deal_folds(episodes, protocol.folds, protocol.seed)
        check_folds(episodes, fold)
        encoding = learn_encoding(episodes.columns, protocol.covariates)
        covariates = encoding.encode(episodes.columns)
        modifiers = covariates[:, : encoding.columns_of(protocol.effect_modifiers)]
        basis = smooth_basis(modifiers)
        features = basis.expand(modifiers)
        progress("propensities", 0.02)
        propensity = crossfit_propensity(covariates, episodes.arm, fold, episodes.cluster)
        regressions: dict[str, CrossFitted] = {}
        scored: dict[str, ScoredEpisodes] = {}
        for i, outcome in enumerate(protocol.outcomes):
            progress(f"outcome regressions and scores: {outcome.column}", 0.4 + 0.4 * i / len(protocol.outcomes))
            regressions[outcome.column], scored[outcome.column] = _score(
                episodes, outcome, covariates, basis, features, propensity.prediction, fold
            )
        progress("effects", 0.8)
        primary = scored[protocol.outcome.column]
        averages = {
            name: average_effects(data.scores, data.cluster, protocol.confidence) for name, data in scored.items()
        }
        served = serve(primary, averages[protocol.outcome.column], protocol, episodes.arms)
        progress("served forms", 0.95)
        expected, residual_sd = outcome_model(covariates, primary, served.effects)
        return Learned(
            encoding=encoding,
            covariates=covariates,
            propensity=propensity,
            outcomes=regressions,
            scored=primary,
            averages=averages,
            individualisation=served.decisions,
            candidate_weights=served.weights,
            served=served.effects,
            support=support_model(covariates, primary),
            expected=expected,
            residual_sd=residual_sd,
        )


def _score(
    episodes: Episodes,
    outcome: Outcome,
    covariates: FloatArray,
    basis: Basis,
    features: FloatArray,
    propensity: FloatArray,
    fold: IntArray,
) -> tuple[CrossFitted, ScoredEpisodes]:
    """Nuisances of one outcome and its score matrix, on the benefit scale."""
    benefit = outcome.sign * episodes.outcomes[outcome.column]
    regression = crossfit_outcome(covariates, episodes.arm, benefit, fold)
    observed = ~np.isnan(benefit)
    observation = crossfit_observation(covariates, episodes.arm, observed, fold, episodes.cluster).prediction
    data = ScoredEpisodes(
        scores=score_matrix(episodes.arm, benefit, regression.prediction, propensity, observation),
        features=features,
        arm=episodes.arm,
        outcome=benefit,
        expected=regression.prediction,
        propensity=propensity,
        observation=observation,
        fold=fold,
        cluster=episodes.cluster,
        basis=basis,
    )
    return regression, data
