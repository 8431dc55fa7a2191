"""Who was still followed at each visit, and mean scores as observed beside those weighted for who was lost."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.instrument_name import instrument_for
from data_contracts.patient_count import Count, Split, are_enough
from data_contracts.protocol import StudyProtocol
from estimators.clusters import clustered_covariance
from experiments.report.disclosure import WITHHELD, Shown, disclose_left, disclose_share, is_small_fall
from experiments.report.wording import decimals
from experiments.study_result import StudyResult

DIGITS = 4
"""Significant digits of a mean score at the start, as in Table 1."""


def follow_up(result: StudyResult) -> dict[str, Any]:
    """By arm: the share still followed at each visit, the mean score at the start and between, and the mean outcomes.

    ``counts`` and ``followed`` begin with everybody who started. ``between`` are the means at each visit but the last,
    where the protocol names a course; ``weighted`` stands for all who started: each patient seen counts for one over
    the probability of being seen at that visit. Neither mean is adjusted for who chose the arm. ``drawn`` says of
    each visit between whether its measure is known to be the outcome's, so that a line may join them.
    """
    protocol, episodes = result.protocol, result.episodes
    block, outcome = protocol.censoring, protocol.outcome
    rows = []
    for k, arm in enumerate(episodes.arms):
        started = episodes.arm == k
        patient = episodes.patient[started]
        still = [Split.of(rows[started], patient) for rows in _still_there(result)]
        shown = disclose_followed(Count.of(patient), still)
        shares = [count / len(patient) if isinstance(count, int) else None for count in shown[:-1]]
        end = disclose_share(still[-1])
        rows.append({"arm": arm, "counts": shown, "followed": [*shares, end], **_means(result, k)})
    return {
        "outcome": outcome.column,
        "unit": outcome.unit,
        "visits": list(block.visits) if block else None,
        "weeks": protocol.target_trial is not None,
        "confidence": protocol.confidence,
        "digits": decimals(row[kind]["standard_error"] for row in rows for kind in ("observed", "weighted")),
        "drawn": [_is_the_outcomes(name, protocol) for name in block.course] if block else [],
        "arms": rows,
    }


def disclose_followed(started: Count, still: Sequence[Split]) -> list[Shown]:
    """Counts of those still followed, those who started first, to a reader who knows them: no fall of 1 to 10 shows.

    The last is told as it is elsewhere; one before it is withheld that lies so little under the one shown before it,
    or above the last. Of patients with several episodes the smallest number that can be gone counts.
    """
    *between, last = still
    end, _ = disclose_left(last)
    shown: list[Shown] = [started.episodes]
    above = started
    for count in (one.inside for one in between):
        falls = is_small_fall(above, count) or (is_small_fall(count, last.inside) and isinstance(end, int))
        if count.is_small or falls:
            shown.append(WITHHELD)
        else:
            shown.append(count.episodes)
            above = count
    return [*shown, end]


def _still_there(result: StudyResult) -> list[BoolArray]:
    """(n,) episodes seen at each visit or later; without visits, those whose outcome was observed."""
    stayed, block = result.episodes.stayed, result.protocol.censoring
    if stayed is None or block is None:
        return [~np.isnan(result.learned.scored.outcome)]
    return [stayed >= visit for visit in range(1, len(block.visits) + 1)]


def _means(result: StudyResult, k: int) -> dict[str, Any]:
    """The mean score at the start of all who started an arm, and both means later, in the outcome's direction."""
    data, outcome = result.learned.scored, result.protocol.outcome
    at_end = _both(result, k, outcome.sign * data.outcome, data.chance_observed)
    return {"start": _start(result, data.arm == k), "between": _between(result, k), **at_end}


def _between(result: StudyResult, k: int) -> list[dict[str, Any] | None]:
    """Both means at each visit but the last, of an arm; None where too few patients were measured."""
    course, by_course = result.episodes.course, result.learned.scored.by_course
    if course is None or by_course is None:
        return []
    started, patient = result.learned.scored.arm == k, result.episodes.patient
    return [
        _both(result, k, measured, chance) if are_enough(patient[started & ~np.isnan(measured)]) else None
        for measured, chance in zip(course.T, by_course.chances.T, strict=False)
    ]


def _both(result: StudyResult, k: int, values: FloatArray, chance: FloatArray) -> dict[str, Any]:
    """The mean of an arm's values as observed, and weighted by one over (n,) probabilities of being seen."""
    data = result.learned.scored
    seen = (data.arm == k) & ~np.isnan(values)
    weights = {"observed": np.ones(int(seen.sum())), "weighted": 1 / chance[seen]}
    z = NormalDist().inv_cdf(0.5 + result.protocol.confidence / 2)
    return {kind: _mean(values[seen], weight, data.cluster[seen], z) for kind, weight in weights.items()}


def _is_the_outcomes(name: str, protocol: StudyProtocol) -> bool:
    """Whether a column of the course is known to be measured as the primary outcome is."""
    outcome, trial = protocol.outcome, protocol.target_trial
    if trial is not None:
        return trial.outcomes[name].measure == trial.outcomes[outcome.column].measure
    if (instrument := instrument_for(name)) is not None:
        return instrument == instrument_for(outcome.column)
    return any((one.column, one.unit) == (name, outcome.unit) for one in protocol.recorded_outcomes)


def _start(result: StudyResult, started: BoolArray) -> float | None:
    baseline = result.protocol.outcome.baseline
    if baseline is None:
        return None
    known = started & ~np.isnan(result.episodes.columns[baseline])
    mean = float(result.episodes.columns[baseline][known].mean()) if known.any() else 0.0
    return float(f"{mean:.{DIGITS}g}") if are_enough(result.episodes.patient[known]) else None


def _mean(values: FloatArray, weight: FloatArray, cluster: IntArray, z: float) -> dict[str, float]:
    """A weighted mean with its clustered interval, the weights taken as known."""
    mean = float(np.average(values, weights=weight))
    influence = weight * (values - mean) / weight.sum()
    error = float(np.sqrt(clustered_covariance(influence[:, None], cluster)[0, 0]))
    return {"mean": mean, "standard_error": error, "lower": mean - z * error, "upper": mean + z * error}
