"""The funnel of negative controls: how far each lies from 0, beside what sampling and systematic error explain."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, number, short

Z = NormalDist().inv_cdf(0.95)
"""Standard errors, or deviations, to either side of what is expected of nine in ten."""


def outside(error: dict[str, Any]) -> int:
    """Controls of an arm whose 90 % interval by sampling alone does not hold 0."""
    return sum(map(_is_outside, error["effects"]))


def _is_outside(one: dict[str, Any]) -> bool:
    return bool(abs(one["estimate"]) > Z * one["standard_error"])


def funnel_plot(errors: list[dict[str, Any]]) -> Picture:
    """A panel an arm: each control's estimate by its standard error, the most precise on top."""
    wide = len(errors) if len(errors) < 3 else 2 if len(errors) == 4 else 3
    deep = -(-len(errors) // wide)
    effects = [one for error in errors for one in error["effects"]]
    lowest = 1.12 * max(one["standard_error"] for one in effects)
    reach = 1.08 * max(Z * lowest, *(abs(one["estimate"]) for one in effects), *map(_band, errors))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(deep, wide, squeeze=False, sharex=True, sharey=True).ravel()
        for axes, error in zip(panels, errors, strict=False):
            _panel(axes, error, lowest, reach)
        for axes in panels[len(errors) :]:
            axes.set_visible(False)
        for axes in panels[max(0, len(errors) - wide) : len(errors)]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("estimate, standard deviations")
        for axes in panels[::wide]:
            axes.set_ylabel("standard error")

    told = [
        f"{error['arm']} {outside(error)} of {len(error['effects'])} controls outside what sampling explains, "
        f"systematic error {number(error['mean'])} (SD {number(error['sd'])})"
        for error in errors
    ]
    return picture("funnel", f"Effects on negative controls by their standard errors: {listed(told)}.",
                   0.55 + 1.75 * deep, draw)  # fmt: skip


def _band(error: dict[str, Any]) -> float:
    return float(abs(error["mean"]) + Z * error["sd"])


def _panel(axes: Axes, error: dict[str, Any], lowest: float, reach: float) -> None:
    mean, half = error["mean"], Z * error["sd"]
    axes.axvspan(mean - half, mean + half, color=LIGHT, alpha=0.7, lw=0, zorder=0)
    axes.axvline(mean, color=GREY, lw=0.8, ls=(0, (3, 2)))
    axes.axvline(0, color=INK, lw=0.8)
    depth = np.array([0.0, lowest])
    for side in (-1, 1):
        axes.plot(side * Z * depth, depth, color=INK, lw=0.8, ls=(0, (1, 2)))
    for one in error["effects"]:
        beyond = abs(one["estimate"]) > Z * one["standard_error"]
        axes.plot(
            one["estimate"], one["standard_error"], "o", mfc=BLUE if beyond else "white", mec=BLUE, ms=5, mew=1.1
        )
    axes.set(xlim=(-reach, reach), ylim=(lowest, 0))
    axes.set_title(short(error["arm"]), loc="left", size=8.5)
    bare(axes, left=True)
