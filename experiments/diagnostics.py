"""What can be judged of a study without looking at any effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.episode import Episodes, FloatArray
from data_contracts.patient_count import Split
from data_contracts.support import SUPPORTED
from estimators.balance import Balance, balance
from estimators.clusters import clustered_covariance
from estimators.designed_study import DesignedStudy
from estimators.nuisances import MINIMUM_PROPENSITY, log_loss
from estimators.overlap import calibration_error, effective_counts, support_scores
from estimators.pair_design import PairDesign, pair_designs


@dataclass(frozen=True)
class Diagnostics:
    """Overlap, balance and the propensity's honesty.

    Attributes:
        log_loss, marginal_entropy: held-out log-loss of the propensity and that of the arms' shares, nats.
        log_loss_error: clustered standard error of their difference.
        calibration_error, calibration_chance: class-wise expected calibration error, and what chance explains.
        balance: standardised mean differences before and after weighting.
        support: (K,) mean support score of each arm over patients, 1 is best.
        supported: of each arm, the episodes for whose patient it is supported, by the verdicts that are served.
        effective: (K,) effective episodes behind each arm's mean.
        clipped: the episodes whose probability was held at the floor.
        pairs: each pair of arms by itself.
    """

    log_loss: float
    marginal_entropy: float
    calibration_error: float
    calibration_chance: float
    balance: Balance
    support: FloatArray
    supported: tuple[Split, ...]
    effective: FloatArray
    clipped: Split
    pairs: tuple[PairDesign, ...] = ()
    log_loss_error: float = 0.0


def diagnose(episodes: Episodes, designed: DesignedStudy) -> Diagnostics:
    """Diagnostics of a study's design; no outcome enters but whether it was observed."""
    propensity, arm, cluster = designed.propensity.prediction, episodes.arm, episodes.cluster
    supported, patient = designed.support.verdicts(designed.covariates) == SUPPORTED, episodes.patient
    share = np.bincount(arm) / episodes.n
    error, chance = calibration_error(propensity, arm, cluster)
    probability = (propensity * designed.observation)[np.arange(episodes.n), arm]
    gain = np.log(propensity[np.arange(episodes.n), arm]) - np.log(share[arm])
    influence = (gain - gain.mean()) / episodes.n
    columns = designed.encoding.columns
    return Diagnostics(
        log_loss=log_loss(propensity, arm),
        marginal_entropy=float(-np.sum(share * np.log(share))),
        calibration_error=error,
        calibration_chance=chance,
        balance=balance(columns, designed.covariates, arm, propensity, cluster),
        support=support_scores(propensity).mean(axis=0),
        supported=tuple(Split.of(can, patient) for can in supported.T),
        effective=effective_counts(designed.observed, arm, probability, len(episodes.arms)),
        clipped=Split.of(probability < MINIMUM_PROPENSITY, patient),
        pairs=pair_designs(columns, designed.covariates, arm, propensity, cluster, patient),
        log_loss_error=float(np.sqrt(clustered_covariance(influence[:, None], cluster)[0, 0])),
    )
