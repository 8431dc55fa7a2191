"""The picture of follow-up: a row an arm, on the left who was still there, on the right how the outcome moved."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, number, percent, short

ROW = 1.05
"""Inches a row takes."""

TAIL = 0.05
"""How far a curve runs on behind the last visit, as a share of the whole, so that its last step is seen."""


def follow_up_plot(found: dict[str, Any]) -> Picture:
    """Left: share still followed, other arms in grey. Right: from the start to the end, observed and weighted.

    Through the visits between where they are known to be measured as the outcome is.
    """
    arms, times = found["arms"], visit_times(found["visits"])
    drawn = [*times, times[-1] + TAIL * (times[-1] - times[0])]
    steps = {row["arm"]: _levels(row["followed"]) for row in arms}
    moved = any(row["start"] is not None for row in arms)

    def draw(figure: Figure) -> None:
        ratios = (1, 1.1 if moved else 0.25)
        panels = figure.subplots(len(arms), 2, sharex="col", sharey="col", squeeze=False, width_ratios=ratios)
        for row, (left, right) in zip(arms, panels, strict=True):
            for level in steps.values():
                left.step(drawn, level, where="post", color=LIGHT, lw=1)
            _followed(left, row, drawn, steps[row["arm"]])
            _outcome(right, row, (times[0] if moved else times[-1], times[-1]), _between(row, found), found["digits"])
        panels[0, 0].set_title("still followed", loc="left", size=8.5)
        panels[0, 1].set_title(f"mean {short(found['outcome'])}", loc="left", size=8.5)
        ticks = {times[0]: "start", **{visit: f"{visit:g}" for visit in found["visits"] or ()}}
        ticks.setdefault(times[-1], "end")
        for axes, shown in zip(panels[-1], (ticks, ticks if moved else {times[-1]: ticks[times[-1]]}), strict=True):
            axes.set_xlabel("week" if found["weeks"] else "visit" if found["visits"] else "")
            axes.set_xticks(list(shown), list(shown.values()))

    told = [
        f"{row['arm']} {percent(row['followed'][-1])} followed to the end, mean outcome "
        f"{_told(row['observed'], found['digits'])} as observed and {_told(row['weighted'], found['digits'])} weighted"
        + "".join(
            f", {number(means['weighted']['mean'], found['digits'])} weighted at {time:g}"
            for time, means in _between(row, found)
        )
        for row in arms
    ]
    alt = f"Share still followed and mean {found['outcome']} by arm: {listed(told)}."
    return picture("follow-up", alt, 0.75 + ROW * len(arms), draw)


def visit_times(visits: list[float] | None) -> list[float]:
    """Where the start and each visit stand: the start at 0, or one visit's distance before a first visit at 0."""
    if visits is None:
        return [0.0, 1.0]
    return [0.0 if visits[0] > 0 else visits[0] - 1.0, *visits]


def _between(row: dict[str, Any], found: dict[str, Any]) -> list[tuple[float, Any]]:
    """An arm's visits between whose means are drawn, each with both means."""
    told = zip(found["visits"] or (), row["between"], found["drawn"], strict=False)
    return [(time, means) for time, means, drawn in told if means is not None and drawn]


def _levels(followed: list[Any]) -> list[float]:
    """Heights to draw, the last one twice: where a share is withheld or only bounded the curve stays where it was."""
    levels = [1.0]
    for share in followed[1:]:
        levels.append(share if isinstance(share, float) else levels[-1])
    return [*levels, levels[-1]]


def _followed(axes: Axes, row: dict[str, Any], times: list[float], levels: list[float]) -> None:
    axes.fill_between(times, levels, step="post", color=BLUE, alpha=0.12, lw=0)
    axes.step(times, levels, where="post", color=BLUE, lw=1.6)
    axes.set(ylim=(0, 1.08), yticks=(0, 0.5, 1), yticklabels=("0 %", "50 %", "100 %"))
    axes.text(0.02, 0.08, short(row["arm"]), transform=axes.transAxes, color=INK, weight="bold")
    axes.text(1.0, 0.08, percent(row["followed"][-1]), transform=axes.transAxes, color=BLUE, ha="right")
    bare(axes)


def _outcome(
    axes: Axes, row: dict[str, Any], ends: tuple[float, float], between: list[tuple[float, Any]], digits: int
) -> None:
    gap = 0.025 * (ends[1] - ends[0] or 1.0)
    for kind, colour, face, line, off, height in (
        ("observed", GREY, "white", (0, (3, 2)), -gap, 0.28),
        ("weighted", BLUE, BLUE, "-", gap, 0.72),
    ):
        found, at = row[kind], ends[1] + off
        start = [] if row["start"] is None else [(ends[0], row["start"])]
        middle = [(time + off, means[kind]) for time, means in between]
        points = [*start, *((time, means["mean"]) for time, means in middle), (at, found["mean"])]
        axes.plot(*zip(*points, strict=True), color=colour, lw=1.2, ls=line)
        for time, means in middle:
            axes.plot([time, time], [means["lower"], means["upper"]], color=colour, lw=0.8)
            axes.plot(time, means["mean"], "o", mfc=face, mec=colour, ms=3.5, mew=1.0)
        axes.plot([at, at], [found["lower"], found["upper"]], color=colour, lw=1.2)
        axes.plot(at, found["mean"], "o", mfc=face, mec=colour, ms=5.5, mew=1.2)
        axes.text(1.03, height, f"{kind} {_told(found, digits)}", color=colour, va="center", transform=axes.transAxes)
    if row["start"] is not None:
        axes.plot(ends[0], row["start"], "o", mfc=INK, mec=INK, ms=4)
    axes.set_xlim(ends[0] - 3 * gap, ends[1] + 3 * gap)
    bare(axes)


def _told(found: dict[str, float], digits: int) -> str:
    low, high = number(found["lower"], digits), number(found["upper"], digits)
    return f"{number(found['mean'], digits)} ({low} to {high})"
