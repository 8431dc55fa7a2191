"""Everything that a study's order of arms withstands, from its scores: nothing is learned again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from data_contracts.effects import AverageEffects, BoolArray, ScoredEpisodes
from data_contracts.encoding import Encoding
from data_contracts.episode import FloatArray
from data_contracts.kind import Kind
from data_contracts.patient_count import count_patients
from data_contracts.sensitivity import Benchmark, KindSensitivity, PairSensitivity, Sensitivity
from data_contracts.withdrawn_pair import WithdrawnPair, is_withdrawn
from estimators.rounded import count_told
from estimators.sensitivity.benchmarks import measured_strengths
from estimators.sensitivity.marginal_model import LARGEST, Tail, flip_gamma, tail_of
from estimators.sensitivity.missing_outcomes import flip_missing
from estimators.sensitivity.omitted_variable import Strength, bias_scale, robustness_value

STRONGEST = 3
"""Measured covariates that are told as yardsticks."""

FEWEST = 100
"""Patients of a kind, at least, of whom anything is told."""

EVERYONE = "all patients"


@dataclass(frozen=True)
class Study:
    """What the order of a study's K arms rests on.

    Attributes:
        arms: in the order of their codes.
        data: the primary outcome's scored episodes.
        averages: its average effects.
        covariates: (n, q) standardised, as ``encoding`` makes them.
        withdrawn: pairs of arms that are not compared.
    """

    arms: Sequence[str]
    data: ScoredEpisodes
    averages: AverageEffects
    covariates: FloatArray
    encoding: Encoding
    withdrawn: Sequence[WithdrawnPair] = ()

    def compares(self, one: int, other: int) -> bool:
        """Whether two arms (codes) are compared."""
        return not is_withdrawn(self.withdrawn, self.arms[one], self.arms[other])


def assess(study: Study, kinds: Mapping[Kind, BoolArray], sizes: Mapping[Kind, int]) -> Sensitivity:
    """Judge every pair of arms that is compared, and the first choice of every kind of patient.

    Args:
        kinds: (n,) patients of each kind.
        sizes: how many of each kind there are as far as that may be told; kinds of fewer than 100 are left out.
    """
    tails = [tail_of(study.data, study.covariates, arm) for arm in range(len(study.arms))]
    compared = [pair for pair in combinations(range(len(study.arms)), 2) if study.compares(*pair)]
    pairs = [_pair(study, tails, one, other) for one, other in compared]
    everyone = np.ones(len(study.data.arm), dtype=np.bool_)
    large = {kind: rows for kind, rows in kinds.items() if sizes[kind] >= FEWEST}
    return Sensitivity(
        pairs=tuple(pairs),
        kinds=(
            _kind(study, tails, None, everyone, count_patients(study.data.patient)),
            *(_kind(study, tails, kind, rows, sizes[kind]) for kind, rows in large.items()),
        ),
        largest_gamma=LARGEST,
    )


def _pair(study: Study, tails: list[Tail], one: int, other: int) -> PairSensitivity:
    effects, covariance = study.averages.effects, study.averages.covariance
    better, worse = (one, other) if effects[one] >= effects[other] else (other, one)
    difference = float(effects[better] - effects[worse])
    variance = covariance[one, one] + covariance[other, other] - 2 * covariance[one, other]
    margin = study.averages.critical_value * math.sqrt(max(float(variance), 0.0))
    scale = bias_scale(study.data, better, worse)
    reach, at_bound = difference / scale, max(difference - margin, 0.0) / scale
    return PairSensitivity(
        better=study.arms[better],
        worse=study.arms[worse],
        difference=difference,
        lower=difference - margin,
        upper=difference + margin,
        scale=scale,
        robustness_value=robustness_value(reach),
        robustness_at_bound=robustness_value(at_bound),
        benchmarks=_benchmarks(study, better, worse, reach, at_bound),
        flip_gamma=flip_gamma(study.data, tails, better, worse, np.ones(len(study.data.arm), dtype=np.bool_)),
        flip_missing=flip_missing(study.data, better, difference),
    )


def _benchmarks(study: Study, better: int, worse: int, reach: float, at_bound: float) -> tuple[Benchmark, ...]:
    """The measured covariates whose like would bias the pair the most; the strongest first."""
    names = [feature.name for feature in study.encoding.features]
    found = measured_strengths(study.data, study.covariates, study.encoding.owner, names, better, worse)
    strongest = sorted(found.items(), key=lambda one: (-one[1].reach, one[0]))[:STRONGEST]
    return tuple(_benchmark(name, strength, reach, at_bound) for name, strength in strongest)


def _benchmark(name: str, strength: Strength, reach: float, at_bound: float) -> Benchmark:
    return Benchmark(
        covariate=name,
        outcome=strength.outcome,
        choice=strength.choice,
        times=strength.times_to_reach(reach),
        times_at_bound=strength.times_to_reach(at_bound),
    )


def _kind(study: Study, tails: list[Tail], kind: Kind | None, rows: BoolArray, size: int) -> KindSensitivity:
    """The first choice by the averages of these patients, and the arm that turns it first."""
    means = study.data.scores[rows].mean(axis=0)
    first = int(means.argmax())
    others = [arm for arm in range(len(study.arms)) if arm != first and study.compares(first, arm)]
    flips = [(flip_gamma(study.data, tails, first, other, rows), other) for other in others]
    reached = [(gamma, other) for gamma, other in flips if gamma is not None]
    gamma, following = min(reached) if reached else (None, None)
    return KindSensitivity(
        kind=EVERYONE if kind is None else kind.words,
        who=kind,
        patients=count_told(size),
        first=study.arms[first],
        next=None if following is None else study.arms[following],
        flip_gamma=gamma,
    )
