"""Attrition: how many episodes are left after each step, by arm, with no small number shown or recoverable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_contracts.episode import AttritionLine, Episodes
from data_contracts.patient_count import Split
from experiments.report.disclosure import WITHHELD, Shown, disclose_alone, disclose_falls, disclose_left, least


def attrition(episodes: Episodes) -> list[dict[str, Any]]:
    """Each step with the episodes left and lost, by arm and over all arms.

    Steps of choosing from event tables come first; there ``lost`` counts from the first step. Then it counts from the
    arm's start; arms that are not analysed have none.
    """
    started = {name: count.episodes for name, count in {**episodes.by_arm, **episodes.apart}.items()}
    return [
        *_chosen(episodes.chosen),
        *(_line(line, started) for line in episodes.attrition),
    ]


def _chosen(lines: Sequence[AttritionLine]) -> list[dict[str, Any]]:
    if not lines:
        return []
    arms = tuple(lines[0].by_arm)
    by_arm = {arm: disclose_falls([line.left(arm) for line in lines]) for arm in arms}
    steps = []
    for i, line in enumerate(lines):
        left = {arm: by_arm[arm][i] for arm in arms}
        lost = {arm: _fallen(by_arm[arm][0], left[arm]) for arm in arms}
        step = {"step": line.step, "left": left, "lost": lost}
        steps.append(step | {"total_left": _total(left), "total_lost": _total(lost)})
    return steps


def _fallen(first: Shown, now: Shown) -> Shown:
    """How many were lost, where both numbers are shown."""
    return first - now if isinstance(first, int) and isinstance(now, int) else WITHHELD


def _line(line: AttritionLine, started: dict[str, int]) -> dict[str, Any]:
    left: dict[str, Shown] = {}
    lost: dict[str, Shown] = {}
    for arm in line.by_arm:
        count = line.left(arm)
        if arm in started:
            left[arm], lost[arm] = disclose_left(Split(count, line.gone(arm, started[arm])))
        else:
            left[arm] = disclose_alone(count)
    return {"step": line.step, "left": left, "lost": lost, "total_left": _total(left), "total_lost": _total(lost)}


def _total(shown: dict[str, Shown]) -> Shown:
    """The sum; where a part is not shown, only what the shown parts add up to at least."""
    smallest = sum(least(part) for part in shown.values())
    return smallest if all(isinstance(part, int) for part in shown.values()) else f"≥{smallest}"
