"""Attrition: how many episodes are left after each step, by arm, with no small number shown or recoverable."""

from __future__ import annotations

from typing import Any

from data_contracts.episode import AttritionLine, Episodes
from experiments.report.disclosure import SMALL, Shown, disclose_left, is_small, least


def attrition(episodes: Episodes) -> list[dict[str, Any]]:
    """Each step with the episodes left and lost, by arm and over all arms.

    ``lost`` counts from the arm's start; arms that are not analysed have none.
    """
    return [_line(line, episodes.counts) for line in episodes.attrition]


def _line(line: AttritionLine, started: dict[str, int]) -> dict[str, Any]:
    left: dict[str, Shown] = {}
    lost: dict[str, Shown] = {}
    for arm, count in line.by_arm.items():
        if arm in started:
            left[arm], lost[arm] = disclose_left(count, started[arm])
        else:
            left[arm] = SMALL if is_small(count) else count
    return {"step": line.step, "left": left, "lost": lost, "total_left": _total(left), "total_lost": _total(lost)}


def _total(shown: dict[str, Shown]) -> Shown:
    """The sum; where a part is not shown, only what the shown parts add up to at least."""
    smallest = sum(least(part) for part in shown.values())
    return smallest if all(isinstance(part, int) for part in shown.values()) else f"≥{smallest}"
