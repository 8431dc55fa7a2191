"""Groups of patients in the report: how far what they are told lies from what they gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, number, short

Z = 1.6448536269514722
"""Of 90 % intervals."""

ROW = 0.2
"""Inches a gap takes."""


def gaps_plot(groups: Sequence[Mapping[str, Any]], mark: float, alarm: float) -> Picture:
    """Each group's gaps, arm by arm; filled where it is surely other than 0, all groups and arms taken together."""
    rows = [(group, one) for group in groups for one in group["gaps"]][::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvspan(-mark, mark, color=LIGHT, alpha=0.5, lw=0)
        axes.axvline(0, color=INK, lw=0.8)
        for place, (_, one) in enumerate(rows):
            gap, margin = one["gap"]["estimate"], Z * one["gap"]["standard_error"]
            sure = one["gap"]["p"] < alarm
            axes.plot([gap - margin, gap + margin], [place] * 2, color=BLUE if sure else GREY, lw=1.4)
            axes.plot(gap, place, "o", color=BLUE if sure else GREY, mfc=BLUE if sure else "white", ms=4.5)
        names = [f"{group['column']} {group['level']}: {short(one['arm'])}" for group, one in rows]
        axes.set(yticks=range(len(rows)), yticklabels=names, ylim=(-0.7, len(rows) - 0.3))
        axes.set_xlabel("gain beyond what is told, standard deviations of the outcome")
        bare(axes)

    sure = [
        f"{group['column']} {group['level']} with {one['arm']} {number(one['gap']['estimate'])}"
        for group, one in rows[::-1]
        if one["gap"]["p"] < alarm
    ]
    told = f"{len(rows)} gaps between what groups gain and what they are told"
    alt = f"{told}; surely other than 0: {listed(sure) or 'none'}."
    return picture("groups", alt, 0.7 + ROW * len(rows), draw)
