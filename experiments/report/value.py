"""The value of following the advice, as the report's page shows it: one row for each other way to choose."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, Picture, bare, picture
from experiments.report.wording import listed, number

WAYS = {
    "best_single": "the best single arm for everyone",
    "reference": "the reference for everyone",
    "clinicians": "what clinicians really chose",
}


def compared_values(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Comparisons that could be made, in words, with mean outcomes in the outcome's own direction."""
    found = summary["policy_value"]
    if found is None:
        return []
    primary = summary["outcomes"][0]
    sign = -1.0 if primary["direction"] == "lower_is_better" else 1.0
    told = [(text, found[way]) for way, text in WAYS.items() if found[way]]
    return [{**comparison, "way": text, "mean": sign * comparison["value"]} for text, comparison in told]


def value_plot(rows: list[dict[str, Any]], unit: str, digits: int) -> Picture:
    """The advice against each other way to choose, with its pointwise interval; right of 0 the advice is better."""
    shown = rows[::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=INK, lw=0.8)
        for place, row in enumerate(shown):
            apart = row["lower"] > 0 or row["upper"] < 0
            colour = BLUE if apart else GREY
            axes.plot([row["lower"], row["upper"]], [place] * 2, color=colour, lw=2)
            axes.plot(row["difference"], place, "o", mfc=colour if apart else "white", mec=colour, ms=6, mew=1.2)
            axes.text(
                1.02, place, _in_words(row, digits), transform=axes.get_yaxis_transform(), va="center", color=INK
            )
        axes.set(yticks=range(len(shown)), yticklabels=[row["way"] for row in shown], ylim=(-0.6, len(shown) - 0.4))
        axes.set_xlabel(f"benefit of following the advice, {unit}")
        bare(axes)

    told = listed([f"{row['way']} {_in_words(row, digits)}" for row in rows])
    return picture("value", f"Benefit of following the advice, {unit}, against {told}.", 0.6 + 0.28 * len(rows), draw)


def _in_words(row: dict[str, Any], digits: int) -> str:
    return f"{number(row['difference'], digits)} ({number(row['lower'], digits)} to {number(row['upper'], digits)})"
