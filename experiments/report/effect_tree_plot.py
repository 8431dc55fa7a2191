"""The picture of the tree of served effects: its branches on the left, a column an arm on the right."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import number, short, whole_percent

ROW = 0.52
"""Inches a leaf takes."""

MOST = 4
"""Arms drawn; of more the table tells the others."""


def effect_tree_plot(found: dict[str, Any], unit: str, digits: int) -> Picture:
    """Each leaf is a row; a dot is its mean served effect, filled where the arm comes first of all."""
    leaves, arms = found["leaves"], found["arms"][:MOST]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, 1 + len(arms), sharey=True, squeeze=False, width_ratios=(3.2, *(1.3,) * len(arms)))
        _branches(panels[0, 0], leaves)
        for axes in panels[0, 2:]:
            axes.sharex(panels[0, 1])
        for axes, arm in zip(panels[0, 1:], arms, strict=True):
            _effects(axes, leaves, arm, digits)
        figure.supxlabel(f"mean served effect over the reference, {unit}", size=8.5, x=0.72)

    told = "; ".join(
        f"{', '.join(leaf['conditions']) or 'everybody'} ({whole_percent(leaf['share'])} of patients): "
        + ", ".join(f"{arm} {number(effect, digits)}" for arm, effect in leaf["effects"].items())
        for leaf in leaves
    )
    return picture("effect tree", f"Served effects told as a small tree. {told}.", 0.75 + ROW * len(leaves), draw)


def _branches(axes: Axes, leaves: list[dict[str, Any]]) -> None:
    """Elbows from the root to each leaf; a branch carries its condition, a leaf its share of patients."""
    deep = max(len(leaf["path"]) for leaf in leaves)
    axes.set(xlim=(-0.15, deep + 0.75), ylim=(len(leaves) - 0.45, -0.6), yticks=[], xticks=[])
    axes.spines[:].set_visible(False)
    _branch(axes, leaves, list(range(len(leaves))), 0, deep)
    for row, leaf in enumerate(leaves):
        axes.text(deep + 0.06, row, whole_percent(leaf["share"]), va="center", color=INK)


def _branch(axes: Axes, leaves: list[dict[str, Any]], rows: list[int], depth: int, deep: int) -> float:
    """Draw what lies under a node and return its height."""
    conditions = leaves[rows[0]]["path"]
    if len(conditions) == depth:
        axes.plot([depth, deep], [rows[0]] * 2, color=GREY, lw=1)
        return float(rows[0])
    low = [row for row in rows if leaves[row]["path"][depth] == conditions[depth]]
    sides = [(side, _branch(axes, leaves, side, depth + 1, deep)) for side in (low, rows[len(low) :])]
    for side, height in sides:
        axes.plot([depth, depth, depth + 1], [sum(h for _, h in sides) / 2, height, height], color=GREY, lw=1)
        text = short(leaves[side[0]]["path"][depth])
        axes.text(depth + 0.05, height - 0.08, text, va="bottom", color=INK, size=7.5)
    return sum(height for _, height in sides) / 2


def _effects(axes: Axes, leaves: list[dict[str, Any]], arm: str, digits: int) -> None:
    axes.axvline(0, color=INK, lw=0.8)
    for row, leaf in enumerate(leaves):
        effect, first = leaf["effects"][arm], leaf["first"] == arm
        axes.plot([0, effect], [row] * 2, color=LIGHT, lw=1.5, zorder=0)
        axes.plot(effect, row, "o", mfc=BLUE if first else "white", mec=BLUE, ms=6, mew=1.2)
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # keeps the line of no effect off digits
        axes.text(effect, row - 0.2, number(effect, digits), ha="center", va="bottom", size=7.5, bbox=behind)
    axes.set_title(short(arm), size=8.5)
    axes.margins(x=0.18)
    bare(axes)
