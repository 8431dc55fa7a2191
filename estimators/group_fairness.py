"""Results by group: is the advice as true, as wide, as available and as useful in each as it is on average?

Every gap is a mean of held-out scores less what held-out advice told those patients. All gaps are judged together by
the largest |t| of jointly normal ones (Hothorn, Bretz and Westfall 2008, Biometrical Journal 50:346), so that looking
at many groups does not find harm by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.fairness import ArmGap, Fairness, GroupFairness, Judged
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.patient_count import count_patients
from estimators.clusters import clustered_covariance
from estimators.conformal import held_out_residuals
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import as_treated, choice
from estimators.rounded import count_told, share_told
from estimators.trial_prior import outcome_spread

FEWEST = 100
"""Patients of a group, at least, of whom anything is judged."""

FEWEST_SUPPORTED = FEWEST // 2
"""Of them, for whom an arm is supported; so far below that it says nothing of a group's size."""

DIGITS = 3
"""Decimals of estimates: with all of them the sizes of groups could be solved for."""

DRAWS, SEED = 20_000, 20261126
"""Of jointly normal values, for the largest |t|."""

Group = tuple[str, str]
"""Column and level."""


@dataclass(frozen=True)
class Advised:
    """What n patients of a study would have been told, and how they fared; K arms.

    Attributes:
        arms: in the order of their codes.
        data: the primary outcome's scored episodes.
        advice: held out.
        can: (n, K) whether each arm is supported for the patient.
        covariates: (n, q) standardised.
        ranges: the outcome ranges that are served.
        confidence: of these.
    """

    arms: Sequence[str]
    data: ScoredEpisodes
    advice: HeldOutAdvice
    can: BoolArray
    covariates: FloatArray
    ranges: OutcomeRanges
    confidence: float


def judge_groups(
    study: Advised,
    groups: Mapping[Group, BoolArray],
    counts: Mapping[Group, IntArray],
    population: Mapping[Group, float],
) -> Fairness:
    """Judge every group of at least 100 patients.

    Args:
        groups: (n,) patients of each; those of different columns overlap.
        counts: (K,) how many patients of each started each arm first, as far as that may be told; sizes and
            who started what are made of these alone.
        population: share of each in a reference population, where that is known; one that has no patients here is not
            assessable.
    """
    sizes = {group: int(told.sum()) for group, told in counts.items()}
    assessed = {group: rows for group, rows in groups.items() if sizes[group] >= FEWEST}
    coarse = _coarse(sizes)
    inside, gaps, gains = _inside(study), _gaps(study, assessed), _gains(study, assessed)
    covered, everyone = _covered(study, inside, assessed), np.ones(len(inside), dtype=np.bool_)
    found = [
        GroupFairness(
            column=group[0],
            level=group[1],
            patients=count_told(sizes[group]),
            share=round(sizes[group] / count_patients(study.data.patient), 2),
            population=population.get(group),
            gaps=tuple(ArmGap(arm=arm, gap=gap) for arm, gap in zip(study.arms[1:], gaps[group], strict=True)),
            coverage=_share(study, inside, rows, coarse=group in coarse),
            coverage_p=covered.get(group),
            unsupported=_unsupported(study, rows, coarse=group in coarse),
            no_arm=share_told(_no_arm(study, rows), study.data.patient[rows], coarse=group in coarse),
            started=round(1 - int(counts[group][0]) / sizes[group], 2),
            gain=gains.get(group),
        )
        for group, rows in assessed.items()
    ]
    return Fairness(
        groups=tuple(found),
        not_assessable=tuple(" ".join(group) for group in {**groups, **population} if group not in assessed),
        overall_coverage=_share(study, inside, everyone),
        overall_unsupported=_unsupported(study, everyone),
        overall_started=share_told(study.data.arm > 0, study.data.patient),
    )


def _coarse(sizes: Mapping[Group, int]) -> set[Group]:
    """The largest group of every column with one that is not assessed: the study's total would tell of that one."""
    unassessed = {column for (column, _), size in sizes.items() if size < FEWEST}
    return {max((group for group in sizes if group[0] == column), key=lambda one: sizes[one]) for column in unassessed}


def _gaps(study: Advised, groups: Mapping[Group, BoolArray]) -> dict[Group, list[Judged]]:
    """By group, each arm's gap in standard deviations of the outcome, the reference left out."""
    sd = outcome_spread(study.data.outcome, study.data.arm).sd
    away = (study.data.contrasts - study.advice.effects)[:, 1:] / sd
    columns = [(group, away[:, k], rows) for group, rows in groups.items() for k in range(away.shape[1])]
    judged = judged_together([(values, rows) for _, values, rows in columns], study.data)
    found: dict[Group, list[Judged]] = {group: [] for group in groups}
    for (group, _, _), one in zip(columns, judged, strict=True):
        found[group].append(one)
    return found


def _gains(study: Advised, groups: Mapping[Group, BoolArray]) -> dict[Group, Judged]:
    """By group, what the advice gains over what clinicians chose, among those for whom an arm is supported."""
    every = np.arange(len(study.data.arm))
    gain = study.data.scores[every, choice(study.advice.effects, study.can)] - as_treated(study.data)
    judged = {group: chosen & study.can.any(axis=1) for group, chosen in groups.items()}
    patient = study.data.patient
    told = {group: rows for group, rows in judged.items() if count_patients(patient[rows]) >= FEWEST_SUPPORTED}
    together = judged_together([(gain, chosen) for chosen in told.values()], study.data)
    return dict(zip(told, together, strict=True))


def judged_together(columns: Sequence[tuple[FloatArray, BoolArray]], data: ScoredEpisodes) -> list[Judged]:
    """Means of (n,) values over (n,) rows, with their errors and what all of them together make of each.

    Args:
        columns: values and rows of each.
        data: whose clusters vary together.
    """
    if not columns:
        return []
    means = np.array([values[rows].mean() for values, rows in columns])
    influence = np.column_stack(
        [
            np.where(rows, values - mean, 0.0) / rows.sum()
            for (values, rows), mean in zip(columns, means.tolist(), strict=True)
        ]
    )
    covariance = clustered_covariance(influence, data.cluster)
    errors = np.sqrt(np.diag(covariance))
    usable = np.where(errors > 0, errors, 1.0)
    largest = _largest(covariance / np.outer(usable, usable))
    z = np.where(errors > 0, np.abs(means) / usable, 0.0)
    chance = 1 - np.searchsorted(largest, z) / len(largest)
    told = zip(means.tolist(), errors.tolist(), chance.tolist(), strict=True)
    return [Judged(estimate=round(mean, DIGITS), standard_error=round(error, DIGITS), p=p) for mean, error, p in told]


def _largest(correlation: FloatArray) -> FloatArray:
    """Ascending draws of the largest |value| of jointly normal ones."""
    scale, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(scale, 0.0))
    normals = np.random.default_rng(SEED).standard_normal((DRAWS, len(root)))
    return np.sort(np.abs(normals @ root.T).max(axis=1))


def _inside(study: Advised) -> FloatArray:
    """(n,) 1 where the observed outcome lies inside the range of the arm that was started, 0 outside, NaN if not told.

    Residuals are held out by fold; cells of the served ranges are of all of them.
    """
    data, rows = study.data, np.arange(len(study.data.arm))
    residual = held_out_residuals(study.covariates, data, study.advice.effects)
    lower, upper = study.ranges.of(np.zeros_like(data.scores), study.covariates, data.propensity, study.confidence)
    low, high = lower[rows, data.arm], upper[rows, data.arm]
    told = ~np.isnan(residual) & ~np.isnan(low) & study.can[rows, data.arm]
    return np.where(told, (low <= residual) & (residual <= high), np.nan)


def _covered(study: Advised, inside: FloatArray, groups: Mapping[Group, BoolArray]) -> dict[Group, float]:
    """By group, how likely chance alone is to bring a coverage as far from that of all patients in any of them."""
    known = ~np.isnan(inside)
    patient = study.data.patient
    if count_patients(patient[known]) < FEWEST:
        return {}
    away = np.where(known, inside - inside[known].mean(), 0.0)
    told = {group: rows & known for group, rows in groups.items() if count_patients(patient[rows & known]) >= FEWEST}
    judged = judged_together([(away, rows) for rows in told.values()], study.data)
    return {group: round(one.p, 2) for group, one in zip(told, judged, strict=True)}


def _share(study: Advised, inside: FloatArray, rows: BoolArray, *, coarse: bool = False) -> float | None:
    """Share inside among the rows of which it is known; None if they are of fewer than 100 patients."""
    known = rows & ~np.isnan(inside)
    patient = study.data.patient[known]
    return share_told(inside[known] > 0, patient, coarse=coarse) if count_patients(patient) >= FEWEST else None


def _no_arm(study: Advised, rows: BoolArray) -> BoolArray:
    return np.asarray(~study.can[rows].any(axis=1))


def _unsupported(study: Advised, rows: BoolArray, *, coarse: bool = False) -> float:
    """Mean share of arms that are not supported."""
    each = np.repeat(study.data.patient[rows], len(study.arms))
    return share_told(~study.can[rows].ravel(), each, coarse=coarse)
