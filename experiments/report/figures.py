"""The report's pictures: overlap, balance, contrasts and ranks; arms stand in the protocol's order in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.design_result import Result
from experiments.report.density import density
from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.effect_tree_plot import effect_tree_plot
from experiments.report.evidence import evidence_plot
from experiments.report.follow_up_plot import follow_up_plot
from experiments.report.funnel import funnel_plot
from experiments.report.groups import gaps_plot
from experiments.report.outcome_ranges import outcome_range_plot
from experiments.report.preference_plot import preference_plot
from experiments.report.refutation import refuters_plot
from experiments.report.targeting import targeting_plots
from experiments.report.together import together
from experiments.report.value import compared_values, value_plot
from experiments.report.withstands import causes_map, pair_on_the_map
from experiments.report.wording import listed, number, percent, short

ROW = 0.19
"""Inches a row of a dot plot takes."""


def figures(result: Result, summary: dict[str, Any]) -> dict[str, Picture]:
    """All pictures of a report by name; of a study whose design failed those of its design alone."""
    shares = {", ".join(row["arms"]): row["share"] for row in summary["diagnostics"]["equipoise"]}
    found = {
        "overlap": overlap(result, summary),
        "preference": preference_plot(result.propensity.prediction, result.episodes.arm, result.episodes.arms, shares),
        "balance": love_plot(summary["balance"], result.protocol.gates.max_smd),
    }
    if summary["negative_controls"]:
        found["funnel"] = funnel_plot(summary["negative_controls"])
    if not summary["effects_computed"]:
        return found
    primary, trials = summary["outcomes"][0], summary["trial_evidence"]
    found["follow_up"] = follow_up_plot(summary["follow_up"])
    if summary["tree"]:
        found["tree"] = effect_tree_plot(summary["tree"], primary["unit"], primary["digits"])
    if len(summary["outcomes"]) > 1:
        found["together"] = together(summary)
    if trials:
        found["evidence"] = evidence_plot(trials, primary["unit"], primary["digits"])
    found |= targeting_plots(summary["targeting"], primary["unit"], primary["digits"])
    if summary["sensitivity"] and (pair := pair_on_the_map(summary["sensitivity"], result.protocol.arms.reference)):
        found["causes"] = causes_map(pair, primary["unit"], primary["digits"])
    if compared := compared_values(summary):
        found["value"] = value_plot(compared, primary["unit"], primary["digits"])
    if any(row["lower"] is not None for row in summary["outcome_ranges"]):
        ranges = summary["outcome_ranges"]
        found["outcome_ranges"] = outcome_range_plot(ranges, primary["unit"], primary["confidence"], primary["digits"])
    if summary["fairness"] and summary["fairness"]["groups"]:
        marks = result.protocol.gates
        found["groups"] = gaps_plot(summary["fairness"]["groups"], marks.max_group_gap, marks.group_alarm)
    attacks = summary["refutation"]
    if attacks and (plot := refuters_plot(attacks["refuters"], result.protocol.gates.max_refuter_shift)):
        found["refuters"] = plot
    return found | {"contrasts": forest(primary), "ranks": rank_plot(primary)}


def overlap(result: Result, summary: dict[str, Any]) -> Picture:
    """One panel an arm: the probability of starting it, among those who did (above) and did not (below)."""
    arms, propensity = result.episodes.arms, result.propensity.prediction
    shares = summary["diagnostics"]["overlap"]
    end = min(1.0, float(np.ceil(10 * propensity.max()) / 10))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(arms), 1, sharex=True, squeeze=False)[:, 0]
        for k, (arm, axes) in enumerate(zip(arms, panels, strict=True)):
            started = result.episodes.arm == k
            for rows, side, colour in ((started, 1, BLUE), (~started, -1, GREY)):
                grid, height = density(propensity[rows, k])
                axes.fill_between(grid, 0, side * height / height.max(), color=colour, lw=0)
            axes.axhline(0, color="white", lw=0.8)
            axes.set(yticks=[0], yticklabels=[short(arm)], ylim=(-1.1, 1.1), xlim=(0, end))
            bare(axes)
            _beside(axes, 0.75, "started it", BLUE)
            _beside(axes, 0.25, "started another arm", GREY)
        panels[-1].set_xlabel("probability of starting the arm, given what was known at the start")

    told = listed([f"{arm} {percent(shares[arm]['supported_share'])}" for arm in arms])
    alt = f"Probability of each arm, among those who started it and those who did not. Patients supported: {told}."
    return picture("overlap", alt, 0.35 + 0.85 * len(arms), draw)


def love_plot(rows: Sequence[dict[str, Any]], mark: float) -> Picture:
    """Largest standardised difference over pairs of arms, before and after weighting, largest first."""
    ordered = sorted(rows, key=lambda row: (row["before"], row["column"]))
    place = np.arange(len(ordered))
    before, after, allowed = (np.array([row[key] for row in ordered]) for key in ("before", "after", "allowed"))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.hlines(place, after, before, color=LIGHT, lw=1.2, zorder=1)
        axes.plot(allowed, place, "|", color=INK, ms=7, mew=0.9)
        axes.plot(before, place, "o", mfc="white", mec=GREY, ms=5, mew=1.1)
        axes.plot(after, place, "o", color=BLUE, ms=5)
        top = len(ordered)
        axes.plot([mark, mark], [-0.7, top + 0.3], color=INK, lw=0.8, ls=(0, (3, 2)), zorder=0)
        axes.text(mark, top + 0.4, f"{mark:g}", ha="center", va="bottom")
        for x, text, colour in ((after[-1], "after ", BLUE), (before[-1], " before", GREY)):
            side = "right" if x == min(after[-1], before[-1]) and text == "after " else "left"
            axes.text(x, top - 0.55, text, color=colour, ha=side, va="bottom")
        axes.set(yticks=place, yticklabels=[short(row["column"]) for row in ordered], ylim=(-0.7, top + 1.2))
        axes.set_xlim(0, max(0.25, float(np.max([before, after, allowed])) * 1.05))
        axes.set_xlabel("largest standardised difference between two arms")
        bare(axes)

    worst_before, worst_after = (max(row[key] for row in rows) for key in ("before", "after"))
    alt = (
        f"Balance of {len(rows)} covariates: the largest standardised difference between two arms falls from "
        f"{worst_before:.2f} before weighting to {worst_after:.2f} after it; the mark is {mark:g}."
    )
    return picture("balance", alt, 0.85 + ROW * len(rows), draw)


def forest(found: dict[str, Any]) -> Picture:
    """All pairs: estimate, pointwise interval (thick) and simultaneous interval (thin)."""
    rows = found["contrasts"][::-1]
    level = f"{100 * found['confidence']:.0f} %"

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=INK, lw=0.8)
        for place, row in enumerate(rows):
            colour = BLUE if row["told_apart"] else GREY
            axes.plot([row["simultaneous_lower"], row["simultaneous_upper"]], [place] * 2, color=colour, lw=1)
            axes.plot([row["lower"], row["upper"]], [place] * 2, color=colour, lw=4, solid_capstyle="butt")
            face = colour if row["told_apart"] else "white"
            axes.plot(row["estimate"], place, "o", mfc=face, mec=colour, ms=6.5, mew=1.2)
            _beside(axes, place, _estimate(row, found["digits"]), INK, data=True)
        names = [short(f"{row['arm']} over {row['over']}") for row in rows]
        axes.set(yticks=range(len(rows)), yticklabels=names, ylim=(-0.7, len(rows) - 0.3))
        axes.set_xlabel(f"average benefit, {found['unit']} (right of 0: the first arm is better)")
        bare(axes)

    told = [f"{row['arm']} over {row['over']} {_estimate(row, found['digits'])}" for row in found["contrasts"]]
    alt = f"Average contrasts of {found['column']} with simultaneous {level} intervals: {'; '.join(told)}."
    return picture(f"contrasts {found['column']}", alt, 0.6 + 0.24 * len(rows), draw)


def rank_plot(found: dict[str, Any]) -> Picture:
    """The ranks each arm may hold; a filled bar is in the top set."""
    arms = list(found["ranks"])
    place = dict(zip(arms, range(len(arms), 0, -1), strict=True))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.vlines(range(1, len(arms) + 1), 0.4, len(arms) + 0.6, color=LIGHT, lw=0.6, zorder=0)
        for arm, rank in found["ranks"].items():
            low, high, top = rank["rank_lower"], rank["rank_upper"], rank["in_top_set"]
            face, edge = (BLUE, BLUE) if top else ("white", GREY)
            axes.barh(place[arm], high - low + 0.6, left=low - 0.3, height=0.5, lw=1.2, facecolor=face, edgecolor=edge)
            text = "top set" if top else f"rank {low}" if low == high else f"rank {low} to {high}"
            axes.text(
                (low + high) / 2, place[arm], text, ha="center", va="center", color="white" if top else INK, size=7.5
            )
        axes.set(yticks=list(place.values()), yticklabels=[short(arm) for arm in arms], xticks=range(1, len(arms) + 1))
        axes.set(ylim=(0.4, len(arms) + 0.6), xlim=(0.5, len(arms) + 0.5))
        axes.set_xlabel("rank (1 is best)")
        bare(axes)

    told = listed([f"{arm} {rank['rank_lower']} to {rank['rank_upper']}" for arm, rank in found["ranks"].items()])
    top = listed([arm for arm, rank in found["ranks"].items() if rank["in_top_set"]])
    return picture(
        "ranks", f"Ranks that each arm may hold: {told}. In the top set: {top}.", 0.55 + 0.32 * len(arms), draw
    )


def _estimate(row: dict[str, Any], digits: int) -> str:
    low, high = number(row["simultaneous_lower"], digits), number(row["simultaneous_upper"], digits)
    return f"{number(row['estimate'], digits)} ({low} to {high})"


def _beside(axes: Axes, height: float, text: str, colour: str, data: bool = False) -> None:
    """A label to the right of the plot, at a height in data or axes coordinates."""
    where = axes.get_yaxis_transform() if data else axes.transAxes
    axes.text(1.02, height, text, color=colour, va="center", transform=where)
