"""Preference scores, pair by pair: could those who started one arm as well have started the other?"""

from __future__ import annotations

from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data_contracts.episode import FloatArray, IntArray
from estimators.overlap import EQUIPOISE_BAND, preference_scores
from experiments.report.density import density
from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, percent, short

COLUMNS = 3
MOST = 15
"""Pairs up to which all are drawn; of more arms than six the table tells the others."""


def preference_plot(propensity: FloatArray, arm: IntArray, arms: tuple[str, ...], shares: dict[str, float]) -> Picture:
    """A panel a pair: the score of those who started the first arm (above) and the second (below), and the band.

    Args:
        propensity: (n, K) held out.
        arm: (n,) codes.
        arms: names of the K arms.
        shares: in equipoise, by ``"a, b"``.
    """
    pairs = sorted(combinations(range(len(arms)), 2), key=lambda pair: shares[_name(pair, arms)])[:MOST]
    wide = min(COLUMNS, len(pairs))
    deep = -(-len(pairs) // wide)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(deep, wide, squeeze=False, sharex=True).ravel()
        for axes, pair in zip(panels, pairs, strict=False):
            _panel(axes, propensity, arm, pair, arms)
        for axes in panels[len(pairs) :]:
            axes.set_visible(False)
        for axes in panels[max(0, len(pairs) - wide) : len(pairs)]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("preference score")

    told = listed([f"{_name(pair, arms)} {percent(shares[_name(pair, arms)])}" for pair in pairs])
    return picture("preference", f"Preference scores by pair; share in equipoise: {told}.", 0.5 + 1.05 * deep, draw)


def _name(pair: tuple[int, int], arms: tuple[str, ...]) -> str:
    return f"{arms[pair[0]]}, {arms[pair[1]]}"


def _panel(axes: Axes, propensity: FloatArray, arm: IntArray, pair: tuple[int, int], arms: tuple[str, ...]) -> None:
    scores = preference_scores(propensity, arm, *pair)
    axes.axvspan(*EQUIPOISE_BAND, color=LIGHT, alpha=0.6, lw=0)
    for code, side, colour in ((pair[0], 1, BLUE), (pair[1], -1, GREY)):
        grid, height = density(scores[arm == code])
        axes.fill_between(grid, 0, side * height / height.max(), color=colour, lw=0)
        axes.text(0.02, 0.93 if side > 0 else 0.07, short(arms[code]), color=colour, transform=axes.transAxes,
                  va="top" if side > 0 else "bottom", size=7.5)  # fmt: skip
    axes.axhline(0, color="white", lw=0.8)
    axes.set(xlim=(0, 1), ylim=(-1.5, 1.5), yticks=[], xticks=[0, EQUIPOISE_BAND[0], EQUIPOISE_BAND[1], 1])
    axes.set_xticklabels(["0", f"{EQUIPOISE_BAND[0]:g}", f"{EQUIPOISE_BAND[1]:g}", "1"], color=INK)
    bare(axes)
