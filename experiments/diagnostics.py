"""What can be judged of a study without looking at any effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from data_contracts.episode import Episodes, FloatArray
from data_contracts.support import SUPPORTED
from estimators.balance import Balance, balance
from estimators.individualise import effective_episodes
from estimators.learn import Learned
from estimators.nuisances import MINIMUM_PROPENSITY, log_loss
from estimators.overlap import calibration_error, equipoise, support_scores
from estimators.pair_design import PairDesign, pair_designs


@dataclass(frozen=True)
class Diagnostics:
    """Overlap, balance and the propensity's honesty.

    Attributes:
        log_loss, marginal_entropy: held-out log-loss of the propensity and that of the arms' shares, nats.
        calibration_error, calibration_chance: class-wise expected calibration error, and what chance explains.
        balance: standardised mean differences before and after weighting.
        equipoise: share in equipoise by pair of arm names.
        support: (K,) mean support score of each arm over patients, 1 is best.
        supported: (K,) share of patients for whom each arm is supported, by the verdicts that are served.
        effective: (K,) effective episodes behind each arm's mean.
        clipped: share of episodes whose probability was held at the floor.
        pairs: each pair of arms by itself.
    """

    log_loss: float
    marginal_entropy: float
    calibration_error: float
    calibration_chance: float
    balance: Balance
    equipoise: Mapping[tuple[str, str], float]
    support: FloatArray
    supported: FloatArray
    effective: FloatArray
    clipped: float
    pairs: tuple[PairDesign, ...] = ()


def diagnose(episodes: Episodes, learned: Learned) -> Diagnostics:
    """Diagnostics of a study's design; no outcome enters but whether it was observed."""
    propensity, arm = learned.propensity.prediction, episodes.arm
    share = np.bincount(arm) / episodes.n
    error, chance = calibration_error(propensity, arm)
    got = (propensity * learned.scored.observation)[np.arange(episodes.n), arm]
    pairs = list(combinations(range(len(episodes.arms)), 2))
    names, columns = episodes.arms, learned.encoding.columns
    return Diagnostics(
        log_loss=log_loss(propensity, arm),
        marginal_entropy=float(-np.sum(share * np.log(share))),
        calibration_error=error,
        calibration_chance=chance,
        balance=balance(columns, learned.covariates, arm, propensity),
        equipoise={(names[i], names[j]): equipoise(propensity, arm, i, j) for i, j in pairs},
        support=support_scores(propensity).mean(axis=0),
        supported=(learned.support.verdicts(learned.covariates) == SUPPORTED).mean(axis=0),
        effective=effective_episodes(learned.scored),
        clipped=float(np.mean(got < MINIMUM_PROPENSITY)),
        pairs=pair_designs(columns, learned.covariates, arm, propensity),
    )
