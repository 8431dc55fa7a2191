"""All outcomes side by side: what each arm's average benefit over the reference is on every one of them."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, Picture, bare, picture
from experiments.report.findings import against_reference
from experiments.report.wording import number, short

COLUMNS = 2
"""Panels beside each other."""


def together_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """For each outcome its name, unit, decimals and the contrasts of every arm with the reference, in their order."""
    reference = summary["protocol"]["arms"]["reference"]
    return [
        {
            "outcome": found["column"],
            "unit": found["unit"],
            "digits": found["digits"],
            "contrasts": list(against_reference(found, reference).values()),
        }
        for found in summary["outcomes"]
    ]


def together(summary: dict[str, Any]) -> Picture:
    """A small panel an outcome, each on its own scale: estimates and pointwise intervals, right of 0 is better."""
    rows = together_rows(summary)
    deep, arms = -(-len(rows) // COLUMNS), len(rows[0]["contrasts"])

    def draw(figure: Figure) -> None:
        panels = figure.subplots(deep, COLUMNS, squeeze=False).ravel()
        for axes, row in zip(panels, rows, strict=False):
            _panel(axes, row)
        for axes in panels[len(rows) :]:
            axes.set_visible(False)

    told = "; ".join(_in_words(row) for row in rows)
    return picture("together", f"Average benefit by outcome and arm: {told}.", deep * (0.75 + 0.2 * arms), draw)


def _panel(axes: Axes, row: dict[str, Any]) -> None:
    axes.axvline(0, color=INK, lw=0.8)
    for place, contrast in enumerate(row["contrasts"][::-1]):
        apart = contrast["lower"] > 0 or contrast["upper"] < 0
        colour = BLUE if apart else GREY
        axes.plot([contrast["lower"], contrast["upper"]], [place] * 2, color=colour, lw=1.5)
        axes.plot(contrast["estimate"], place, "o", mfc=colour if apart else "white", mec=colour, ms=5, mew=1.1)
    names = [short(contrast["arm"]) for contrast in row["contrasts"][::-1]]
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(-0.6, len(names) - 0.4))
    axes.set_title(short(row["outcome"]), loc="left", fontsize=9)
    axes.set_xlabel(short(row["unit"]))
    bare(axes)


def _in_words(row: dict[str, Any]) -> str:
    def ends(contrast: dict[str, Any]) -> str:
        estimate, low, high = (number(contrast[key], row["digits"]) for key in ("estimate", "lower", "upper"))
        return f"{contrast['arm']} {estimate} ({low} to {high})"

    return f"{row['outcome']}, {row['unit']}: {', '.join(ends(contrast) for contrast in row['contrasts'])}"
