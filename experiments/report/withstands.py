"""What the order of arms withstands, in the report: pairs, kinds of patients, and the map of unmeasured causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, number, short

CURVES = (1.0, 0.5)
"""Shares of the difference that a cause takes away, whose lines are drawn."""

ROOM = 1.25
"""How far the map reaches beyond what it shows."""


def pair_on_the_map(sensitivity: Mapping[str, Any], reference: str) -> Mapping[str, Any] | None:
    """The pair that is drawn: the best arm against the reference, else the pair furthest apart."""
    pairs: Sequence[Mapping[str, Any]] = sensitivity["pairs"]
    told = [pair for pair in pairs if pair["worse"] == reference] or pairs
    return max(told, key=lambda pair: float(pair["difference"])) if told else None


def causes_map(pair: Mapping[str, Any], unit: str, digits: int) -> Picture:
    """How much of choice (across) and outcome (up) a cause would have to explain, beside what measured ones do."""
    reach = pair["difference"] / pair["scale"]
    marks = [(one["choice"], one["outcome"], one["covariate"]) for one in pair["benchmarks"]]
    widest = ROOM * max(0.02, pair["robustness_value"], *(choice for choice, _, _ in marks), 0.0)
    highest = min(1.0, ROOM * max(0.02, pair["robustness_value"], *(outcome for _, outcome, _ in marks), 0.0))
    choice = np.linspace(widest / 400, min(widest, 0.999), 400)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for share in CURVES:
            outcome = (share * reach) ** 2 * (1 - choice) / choice
            shown = outcome <= highest
            axes.plot(choice[shown], outcome[shown], color=BLUE if share == 1 else GREY, lw=1.6 if share == 1 else 1.0)
            if shown.any():
                at = int(np.flatnonzero(shown)[0])
                left = pair["difference"] * (1 - share)
                told = f"{number(left, digits)} left" if left else "nothing left"
                place, color = (choice[at], outcome[at]), BLUE if share == 1 else GREY
                axes.annotate(told, place, xytext=(9, 0), textcoords="offset points", color=color, va="center")
        value = pair["robustness_value"]
        axes.plot([0, value, value], [value, value, 0], color=LIGHT, lw=0.8, zorder=0)
        for x, y, name in marks:
            axes.plot(x, y, "o", color=INK, ms=4.5)
            axes.annotate(short(name), (x, y), xytext=(5, 3), textcoords="offset points")
        axes.set(xlim=(0, widest), ylim=(0, highest))
        axes.set_xlabel("share of the choice between the two that a cause explains")
        axes.set_ylabel("share of the outcome")
        bare(axes, left=True)

    told = listed([f"{name} {100 * x:.1f} % of the choice, {100 * y:.1f} % of the outcome" for x, y, name in marks])
    alt = (
        f"{pair['better']} leads {pair['worse']} by {number(pair['difference'], digits)} {unit}. A cause of "
        f"{100 * pair['robustness_value']:.0f} % of choice and outcome alike would take it away. Measured: {told}."
    )
    return picture("causes", alt, 3.0, draw)


def could_turn(summary: Mapping[str, Any]) -> str:
    """For the first page: whether anything looked for an unmeasured cause, and how weak a one could turn the order.

    Args:
        summary: the content of report.json.
    """
    unseen = any(gate["name"] == "negative_controls" and gate["state"] == "not_assessed" for gate in summary["gates"])
    told = ["No negative controls looked for such a cause."] if unseen else []
    everyone = next(iter((summary["sensitivity"] or {}).get("kinds", ())), None)
    if everyone and everyone["flip_gamma"] is not None:
        told.append(
            f"One that changes anybody's odds of starting an arm {number(everyone['flip_gamma'], 2)}-fold could put "
            f"{everyone['next']} before {everyone['first']}."
        )
    return " ".join(told)


def flips(kinds: Sequence[Mapping[str, Any]], largest: float) -> list[dict[str, Any]]:
    """Rows of the table of kinds, the odds ratio in words."""
    return [
        {**kind, "gamma": f"above {largest:g}" if kind["flip_gamma"] is None else number(kind["flip_gamma"], 2)}
        for kind in kinds
    ]
