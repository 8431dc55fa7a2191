"""Systematic error by negative controls: outcomes that no arm can have changed, scored as any outcome is.

The effects found on them, each in its own standard deviations, are taken as truth plus sampling error, and the true
errors as normal (Schuemie, Ryan, DuMouchel, Suchard and Madigan 2014, Statistics in Medicine 33:209). The expected
absolute value of that normal is the expected absolute systematic error (EASE).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from data_contracts.episode import Episodes, FloatArray, IntArray
from data_contracts.protocol import Outcome, StudyProtocol
from data_contracts.systematic_error import ControlEffect, SystematicError
from estimators.clusters import clustered_covariance
from estimators.nuisances import expect_outcome
from estimators.scored_outcome import StudyDesign, observation_of
from estimators.scores import score_matrix

MINIMUM_CONTROLS = 10
"""Fewer negative controls say too little of how their errors spread."""

CHANCE = 0.95
"""Level of the one-sided limit of an expected error that sampling explains."""

LEARNER = "ridge by arm"
"""The outcome regression: the scores stand on the propensities, as they are what is tested."""


def systematic_errors(
    design: StudyDesign, protocol: StudyProtocol, propensity: FloatArray
) -> tuple[SystematicError, ...]:
    """Each arm's systematic error against the reference; empty with fewer than ten negative controls.

    Args:
        design: the study's.
        protocol: names the controls.
        propensity: (n, K) that the study's own outcomes are scored with.
    """
    controls = protocol.control_outcomes
    if len(controls) < MINIMUM_CONTROLS:
        return ()
    scores = np.stack([_scores(design, protocol, control, propensity) for control in controls])
    names, cluster = [control.column for control in controls], design.episodes.cluster
    arms = enumerate(design.episodes.arms)
    return tuple(_of_arm(arm, names, (scores[:, :, k] - scores[:, :, 0]).T, cluster) for k, arm in arms if k > 0)


def _scores(design: StudyDesign, protocol: StudyProtocol, control: Outcome, propensity: FloatArray) -> FloatArray:
    """(n, K) score matrix of one control in its standard deviation within arms."""
    episodes = design.episodes
    values = _standardised(episodes, control)
    expected = expect_outcome(LEARNER, design.covariates, episodes.arm, values, design.folds[0])
    return score_matrix(episodes.arm, values, expected, propensity, observation_of(design, protocol, control))


def _standardised(episodes: Episodes, control: Outcome) -> FloatArray:
    values = episodes.outcomes[control.column]
    means = np.array([np.nanmean(values[episodes.arm == k]) for k in range(len(episodes.arms))])
    within = float(np.sqrt(np.nanmean((values - means[episodes.arm]) ** 2)))
    return np.asarray((values - np.nanmean(values)) / (within or 1.0))


def _of_arm(arm: str, names: Sequence[str], contrasts: FloatArray, cluster: IntArray) -> SystematicError:
    """From (n, m) contrasts of an arm's scores with the reference's.

    Controls of the same patients err together, so that the mean's sampling error is by their joint covariance.
    """
    from empiricalcalibration import computeExpectedAbsoluteSystematicError, fitNull

    estimates = contrasts.mean(axis=0)
    covariance = clustered_covariance((contrasts - estimates) / len(contrasts), cluster)
    errors = np.sqrt(np.diag(covariance))
    null = fitNull(estimates, errors)
    mean, sd = float(null[0]), abs(float(null[1]))
    weight = 1 / (errors**2 + sd**2)
    share = weight / weight.sum()
    chance = NormalDist().inv_cdf(CHANCE) * float(np.sqrt(share @ covariance @ share))
    found = zip(names, estimates.tolist(), errors.tolist(), strict=True)
    return SystematicError(
        arm=arm,
        effects=tuple(ControlEffect(control=name, estimate=b, standard_error=se) for name, b, se in found),
        mean=mean,
        sd=sd,
        expected=float(computeExpectedAbsoluteSystematicError(null)),
        chance=chance,
    )
