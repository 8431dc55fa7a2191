"""Each pair of arms judged by the design alone: alike, in equipoise, and how small a difference could be detected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.gate_marks import GateMarks
from data_contracts.patient_count import Split
from estimators.balance import weighted_differences
from estimators.overlap import equipoise
from estimators.share_interval import share_interval

POWER = 0.8
"""Chance with which the smallest detectable difference would be detected."""


@dataclass(frozen=True)
class PairDesign:
    """Whether two arms can be compared, known before any effect is.

    Attributes:
        first, second: codes of the arms.
        difference: largest standardised difference after weighting, over covariates.
        beyond_chance: largest over covariates of that difference less what chance explains of it.
        upper: that difference and what chance explains of it: with the other, the ends of a 90 % interval.
        column: the covariate of which this is so.
        band: the pair's episodes, and patients, in equipoise and out of it.
    """

    first: int
    second: int
    difference: float
    beyond_chance: float
    upper: float
    column: str
    band: Split

    @property
    def equipoise(self) -> float:
        """Share of the pair's episodes in equipoise."""
        return self.band.share

    def comparable(self, marks: GateMarks) -> bool:
        """Whether the pair by itself holds the marks of balance and equipoise."""
        return self.beyond_chance <= marks.max_smd and self.in_equipoise(marks)

    def in_equipoise(self, marks: GateMarks) -> bool:
        """Whether chance leaves open that as many as are asked are in equipoise."""
        return share_interval(self.equipoise, self.band.episodes)[1] >= marks.min_equipoise


def pair_designs(
    columns: Sequence[str],
    covariates: FloatArray,
    arm: IntArray,
    propensity: FloatArray,
    cluster: IntArray,
    patient: IntArray,
) -> tuple[PairDesign, ...]:
    """Every pair of arms, in the order of their codes.

    Args:
        columns: names of the q encoded covariates.
        covariates: (n, q).
        arm: (n,) codes.
        propensity: (n, K).
        cluster: (n,) codes of units that vary together.
        patient: (n,) whose each episode is.
    """
    after, chance = weighted_differences(covariates, arm, propensity, cluster)
    excess = after - chance
    return tuple(
        PairDesign(
            first=i,
            second=j,
            difference=float(after[at].max()),
            beyond_chance=float(excess[at].max()),
            upper=float((after + chance)[at, excess[at].argmax()]),
            column=columns[int(excess[at].argmax())],
            band=equipoise(propensity, arm, i, j, patient),
        )
        for at, (i, j) in enumerate(combinations(range(propensity.shape[1]), 2))
    )


def detectable_differences(sd: float, effective: FloatArray, confidence: float) -> FloatArray:
    """(K, K) smallest differences that a two-sided test finds with a power of 0.8, in the unit of ``sd``.

    (z of the confidence + z of the power) times sd √(1 / m_i + 1 / m_j), m the arms' effective episodes. What
    covariates explain of the outcome is not taken off, so that a study does at least this well where every patient has
    one episode.

    Args:
        sd: standard deviation of the outcome within arms.
        effective: (K,) effective episodes of each arm.
        confidence: of the study's intervals.
    """
    size = NormalDist().inv_cdf(0.5 + confidence / 2) + NormalDist().inv_cdf(POWER)
    variance = 1 / np.maximum(effective, 1.0)
    return np.asarray(size * sd * np.sqrt(variance[:, None] + variance[None, :]))
