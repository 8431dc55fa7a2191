"""Findings: what came of one outcome, as plain data: means, all contrasts with intervals, rank sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from statistics import NormalDist
from typing import Any

from data_contracts.effects import AverageEffects
from data_contracts.protocol import FurtherOutcome, Outcome
from data_contracts.withdrawn_pair import WithdrawnPair
from experiments.report.wording import decimals
from experiments.study_result import average_ranks, pair_contrasts


def finding(
    outcome: Outcome,
    averages: AverageEffects,
    arms: tuple[str, ...],
    confidence: float,
    withdrawn: Sequence[WithdrawnPair] = (),
) -> dict[str, Any]:
    """One outcome's results; effects are benefits (positive is better), means are in the outcome's own direction.

    ``digits`` is how many decimals are worth showing: two significant digits of the smallest standard error.
    Of withdrawn pairs there is no contrast, and they count as not told apart. The mean of a yes or no is a share: if
    that of the scores lies outside 0 to 1, as it can of a rare answer, the nearer end is told, and the arm is named
    under ``bounded``. Contrasts are never changed.
    """
    means = {arm: float(outcome.sign * mean) for arm, mean in zip(arms, averages.means, strict=True)}
    shares = isinstance(outcome, FurtherOutcome) and outcome.kind == "yes_no"
    outside = [arm for arm, mean in means.items() if shares and not 0 <= mean <= 1]
    contrasts = pair_contrasts(averages, arms, NormalDist().inv_cdf(0.5 + confidence / 2), withdrawn)
    separated = {(c.arm, c.over): c.simultaneous_lower > 0 or c.simultaneous_upper < 0 for c in contrasts}
    return {
        **outcome.model_dump(mode="json"),
        "confidence": confidence,
        "critical_value": averages.critical_value,
        "digits": decimals(contrast.standard_error for contrast in contrasts),
        "means": means | {arm: min(max(means[arm], 0.0), 1.0) for arm in outside},
        "bounded": outside,
        "best": arms[int(averages.effects.argmax())],
        "contrasts": [{**asdict(c), "told_apart": separated[c.arm, c.over]} for c in contrasts],
        "ranks": average_ranks(averages, arms, confidence, withdrawn),
        "not_told_apart": _groups(arms, [pair for pair in combinations(arms, 2) if not separated.get(pair[::-1])]),
    }


def against_reference(found: dict[str, Any], reference: str) -> dict[str, dict[str, Any]]:
    """The contrasts with the reference, by arm."""
    return {contrast["arm"]: contrast for contrast in found["contrasts"] if contrast["over"] == reference}


def _groups(arms: Sequence[str], alike: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Largest groups of two or more arms of which no two can be told apart; an arm may be in several."""
    near = {arm: {other for pair in alike if arm in pair for other in pair} - {arm} for arm in arms}
    groups = [group for group in _cliques(set(), set(arms), set(), near) if len(group) > 1]
    ordered = [sorted(group, key=arms.index) for group in groups]
    return sorted(ordered, key=lambda group: [arms.index(arm) for arm in group])


def _cliques(
    group: set[str], candidates: set[str], done: set[str], near: Mapping[str, set[str]]
) -> Iterator[set[str]]:
    """Every group that no arm can be added to (Bron and Kerbosch 1973)."""
    if not candidates and not done:
        yield group
    for arm in sorted(candidates):
        yield from _cliques(group | {arm}, candidates & near[arm], done & near[arm], near)
        candidates, done = candidates - {arm}, done | {arm}
