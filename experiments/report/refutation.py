"""Refuters in the report: what each changed, what came where 0 was true, and DoWhy's beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import NOTHING, listed, number, p_value

VERDICTS = {"withstood": "withstood", "refuted": "refuted", "not_assessed": "not assessed"}


def refuter_rows(refutation: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Rows of the table of refuters, in words; none where a study was not attacked."""
    return [_row(found) for found in refutation["refuters"]] if refutation else []


def _row(found: Mapping[str, Any]) -> dict[str, str]:
    pair = max(found["pairs"], key=lambda one: abs(one["shift"]), default=None)
    return {
        "name": found["name"].replace("_", " "),
        "null": found["null"] or found["untold"],
        "farthest": f"{pair['arm']} against {pair['over']}" if pair else NOTHING,
        "shift": number(pair["shift"], 2) if pair else NOTHING,
        "beside": _beside(found),
        "p": NOTHING if found["p"] is None else p_value(found["p"]),
        "together": NOTHING if found["together"] is None else p_value(found["together"]),
        "verdict": VERDICTS[found["verdict"]],
    }


def _beside(found: Mapping[str, Any]) -> str:
    """What is told beside a refuter's p value."""
    if found["found"] is not None:
        return f"{100 * found['found']:.0f} % of planted leaks noticed"
    if found["spread"] is None:
        return NOTHING
    if found["name"] == "subset_stability":
        return f"moved {number(found['spread'])} times as far as sampling explains"
    return f"moved by up to {number(found['spread'])} standard errors"


def refuters_plot(refuters: Sequence[Mapping[str, Any]], most: float) -> Picture | None:
    """How far from 0 each pair lay under each refuter, in standard errors; None if no refuter is about pairs.

    Args:
        most: standard errors that are let pass.
    """
    shown = [found for found in refuters if found["pairs"]][::-1]
    if not shown:
        return None

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvspan(-most, most, color=LIGHT, lw=0, alpha=0.5)
        axes.axvline(0, color=INK, lw=0.8)
        for row, found in enumerate(shown):
            shifts = [pair["shift"] for pair in found["pairs"]]
            axes.plot(shifts, [row] * len(shifts), "o", ms=4.5, color=BLUE if found["verdict"] == "refuted" else GREY)
        axes.set(yticks=range(len(shown)), yticklabels=[found["name"].replace("_", " ") for found in shown])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("mean estimate where 0 is true, standard errors of the study's own difference")
        bare(axes)

    told = listed([f"{found['name'].replace('_', ' ')} {number(found['shift'])}" for found in shown[::-1]])
    alt = f"Farthest any pair of arms lay from 0 under each refuter, in standard errors: {told}."
    return picture("refuters", alt, 0.7 + 0.24 * len(shown), draw)
