"""A study up to what can be judged blind: folds, encoding, propensities, dropout, overlap and negative controls.

No arm's outcomes are compared here, and no outcome regression or score is made: the mean of a score is an estimate,
so that what does not exist cannot be looked at before the design has been judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from data_contracts.effects import BoolArray
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes, FloatArray
from data_contracts.protocol import StudyProtocol
from data_contracts.support import Support
from data_contracts.systematic_error import SystematicError
from estimators.covariates import with_gaps
from estimators.cross_fitting import CrossFitted
from estimators.design import learn_encoding
from estimators.folds import check_folds, deal_folds
from estimators.negative_controls import systematic_errors
from estimators.probability_models import LogisticByFold
from estimators.prognostic_index import prognostic_index
from estimators.progress import Progress, untold
from estimators.scored_outcome import StudyDesign, observation_of, study_propensity
from estimators.standard_terms import study_basis
from estimators.support import fit_support


@dataclass(frozen=True)
class DesignedStudy:
    """What the design is judged by, and what scores are made with once it has passed.

    Attributes:
        encoding: how covariates are put into numbers, the effect modifiers first.
        covariates: (n, q) standardised covariates.
        design: all that does not depend on an outcome.
        propensity: held-out propensities and how they were chosen.
        logistic: the logistic ones among them, in the study's own folds.
        observation: (n, K) probabilities that the primary outcome is observed under each arm.
        observed: (n,) whether it was.
        support: who is supported for which arm.
        systematic_errors: by negative controls, an arm each; empty where there are too few of them.
    """

    encoding: Encoding
    covariates: FloatArray
    design: StudyDesign
    propensity: CrossFitted
    logistic: LogisticByFold
    observation: FloatArray
    observed: BoolArray
    support: Support
    systematic_errors: tuple[SystematicError, ...] = ()


def lay_out(episodes: Episodes, protocol: StudyProtocol, progress: Progress = untold) -> DesignedStudy:
    """Deal folds, encode, fit propensities and dropout; deterministic for the same episodes and protocol.

    Args:
        progress: told of each step as it starts and of the share of all learning behind it, at most 0.4.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from.
    """
    with threadpool_limits(1):
        progress("dealing folds", 0.0)
        encoding, covariates, design = design_study(episodes, protocol)
        progress("propensities", 0.02)
        logistic = LogisticByFold.fit(design.covariates.filled, episodes.arm, design.folds[0])
        propensity = study_propensity(design, logistic)
        controls = systematic_errors(design, protocol, propensity.prediction)
        return DesignedStudy(
            encoding=encoding,
            covariates=covariates,
            design=design,
            propensity=propensity,
            logistic=logistic,
            observation=observation_of(design, protocol, protocol.outcome),
            observed=np.asarray(~np.isnan(episodes.outcomes[protocol.outcome.column])),
            support=fit_support(covariates, episodes, protocol.overlap.min_propensity, logistic),
            systematic_errors=controls,
        )


def design_study(episodes: Episodes, protocol: StudyProtocol) -> tuple[Encoding, FloatArray, StudyDesign]:
    """The encoding, the covariates it makes, and all that does not depend on an outcome."""
    folds = [deal_folds(episodes, protocol.folds, protocol.seed + i) for i in range(protocol.repeats)]
    for fold in folds:
        check_folds(episodes, fold)
    encoding = learn_encoding(episodes.columns, protocol.covariates, episodes.patient)
    covariates = encoding.encode(episodes.columns)
    modifiers = covariates[:, : encoding.columns_of(protocol.effect_modifiers)]
    benefit = protocol.outcome.sign * episodes.outcomes[protocol.outcome.column]
    basis = study_basis(modifiers, prognostic_index(modifiers, episodes.arm, benefit), episodes.patient)
    known = with_gaps(encoding, episodes.columns, covariates)
    return encoding, covariates, StudyDesign(episodes, known, modifiers, basis, folds)
