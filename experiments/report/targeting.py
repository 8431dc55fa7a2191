"""Targeting curves as the report shows them: who gains most, as predicted for patients that the model had not seen."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data_contracts.support import SUPPORTED
from data_contracts.targeting import Targeting
from estimators.targeting import targeting
from experiments.report.drawing import BLUE, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, number, short
from experiments.study_result import StudyResult

PANEL = 1.35
"""Inches that a panel is high."""


def targeting_of(result: StudyResult) -> Targeting:
    """The curves of a study, of its predictions whether or not they are served."""
    learned = result.learned
    can = learned.support.verdicts(learned.covariates) == SUPPORTED
    confidence = result.protocol.confidence
    return targeting(learned.scored, learned.predicted, learned.judged, can, result.episodes.arms, confidence)


def targeting_plots(found: dict[str, Any], unit: str, digits: int) -> dict[str, Picture]:
    """The pictures of the curves that there are, by name."""
    arms, qini = found["arms"], found["qini"]
    plots = {"toc": _arms(arms, unit, digits)} if arms else {}
    return plots | ({"qini": _qini(qini, unit, digits)} if qini else {})


def _arms(arms: list[dict[str, Any]], unit: str, digits: int) -> Picture:
    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(arms), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for one, axes in zip(arms, panels, strict=True):
            _draw(axes, one["curve"])
            axes.set_title(short(one["arm"]), loc="left", size=8.5)
        panels[-1].set_xlabel("share of patients, the largest predicted effect first")
        figure.supylabel(f"more than the average effect, {unit}", size=8.5)

    areas = [f"{one['arm']} {_told(one['autoc'], one['lower'], one['upper'], digits)}" for one in arms]
    alt = f"How much more than the average those gain who are predicted to gain most; areas: {listed(areas)}."
    return picture("toc", alt, 0.5 + PANEL * len(arms), draw)


def _qini(curve: dict[str, Any], unit: str, digits: int) -> Picture:
    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _draw(axes, {key: (0.0, *values) for key, values in curve.items()})
        axes.set_xlabel("share of patients advised individually, the largest predicted advantage first")
        axes.set_ylabel(f"gain, {unit}")

    last = _told(curve["values"][-1], curve["lower"][-1], curve["upper"][-1], digits)
    alt = f"Gain over the best single arm by the share of patients advised individually; at the end {last}."
    return picture("qini", alt, 2.1, draw)


def _told(value: float, lower: float, upper: float, digits: int) -> str:
    return f"{number(value, digits)} ({number(lower, digits)} to {number(upper, digits)})"


def _draw(axes: Axes, curve: dict[str, Any]) -> None:
    axes.fill_between(curve["shares"], curve["lower"], curve["upper"], color=LIGHT, lw=0)
    axes.axhline(0, color=INK, lw=0.8)
    axes.plot(curve["shares"], curve["values"], color=BLUE, lw=1.6)
    axes.set_xlim(0, 1)
    bare(axes, left=True)
