"""Charts of the explorers as Vega-Lite specifications; colours are the page's own, so that light and dark hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.pages.chart_style import APART, SOFT, axis

COLOURS = tuple(f"var(--arm-{i})" for i in range(1, 7))
SHAPES = ("circle", "diamond", "square", "triangle-up", "triangle-down", "cross")
STEP = 15
"""Pixels a mark takes."""

TICKS = APART | {"grid": True, "tickCount": 6}
"""Of a scale of numbers."""

LETTER, WIDEST = 7.4, 230
"""Pixels of a letter, and of the longest name that is told whole."""


@dataclass(frozen=True)
class Mark:
    """One figure of a chart.

    Attributes:
        row: which line of the chart it stands on.
        of: which of several on that line, in shape and colour; empty if it is the only one.
        value: the figure.
        lower, upper: of its interval; None where it has none.
        inner_lower, inner_upper: of a second, narrower one, drawn thicker.
        label: the same in words.
    """

    row: str
    value: float | None
    label: str
    of: str = ""
    lower: float | None = None
    upper: float | None = None
    inner_lower: float | None = None
    inner_upper: float | None = None


@dataclass(frozen=True)
class Lines:
    """Straight lines of a chart, from its bottom to its top.

    Attributes:
        marks: at which values, dashed.
        zero: whether there is one at 0.
        band: between which two values the ground is shaded.
    """

    marks: tuple[float, ...] = ()
    zero: bool = False
    band: tuple[float, float] | None = None


def dots(marks: Sequence[Mark], lines: Lines = Lines(), limits: tuple[float, float] | None = None) -> dict[str, Any]:
    """Figures on lines one below the other, each with its interval; what the scale is of stands on the page.

    Args:
        marks: in the order in which they are to stand.
        lines: drawn behind them.
        limits: of the scale; by the figures if None.
    """
    of = list(dict.fromkeys(one.of for one in marks))
    rows = list(dict.fromkeys(one.row for one in marks))
    scale: dict[str, Any] = {"zero": False, "nice": True} | ({"domain": list(limits)} if limits else {})
    at: dict[str, Any] = {"field": "value", "type": "quantitative", "scale": scale, "axis": axis(None) | TICKS}
    y: dict[str, Any] = {"field": "row", "type": "nominal", "sort": rows, "axis": _names(rows)}
    offset: dict[str, Any] = {"yOffset": {"field": "of", "sort": of}} if len(of) > 1 else {}
    colour = {"field": "of", "scale": {"domain": of, "range": list(COLOURS[: len(of)])}, "legend": None}
    shape = {"field": "of", "scale": {"domain": of, "range": list(SHAPES[: len(of)])}, "legend": None}
    place: dict[str, Any] = {"y": y, **offset, "color": colour}
    bars = [_bar(place, at, ("lower", "upper"), 2, 0.75), _bar(place, at, ("inner_lower", "inner_upper"), 8, 0.4)]
    points = {
        "mark": {"type": "point", "filled": True, "size": 75, "opacity": 1},
        "transform": [{"filter": "isValid(datum.value)"}],
        "encoding": {**place, "x": at, "shape": shape, "description": {"field": "label"}},
    }
    return {
        "width": "container",
        "height": STEP * len(rows) * (len(of) + 1),
        "background": "transparent",
        "data": {"values": [vars(one) for one in marks]},
        "layer": [*_lines(lines), *bars, points],
        "config": {"view": {"stroke": "transparent"}, "font": "inherit"},
    }


def _bar(
    place: dict[str, Any], at: dict[str, Any], ends: tuple[str, str], width: int, opacity: float
) -> dict[str, Any]:
    """Intervals between two fields, of those that have both."""
    lower, upper = ends
    return {
        "mark": {"type": "rule", "strokeWidth": width, "strokeCap": "round", "opacity": opacity},
        "transform": [{"filter": f"isValid(datum.{lower}) && isValid(datum.{upper})"}],
        "encoding": {**place, "x": at | {"field": lower}, "x2": {"field": upper}},
    }


def _lines(lines: Lines) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if lines.band:
        least, most = lines.band
        ends = {"x": {"field": "least", "type": "quantitative"}, "x2": {"field": "most"}}
        shaded = {"type": "rect", "color": SOFT, "opacity": 0.13}
        found.append({"data": {"values": [{"least": least, "most": most}]}, "mark": shaded, "encoding": ends})
    if lines.zero:
        found.append(_line(0.0, {"color": "var(--strong)", "strokeWidth": 1.5}))
    found += [
        _line(value, {"color": "var(--caution)", "strokeDash": [5, 4], "strokeWidth": 1.5}) for value in lines.marks
    ]
    return found


def _line(value: float, style: dict[str, Any]) -> dict[str, Any]:
    x = {"x": {"datum": value, "type": "quantitative"}}
    return {"data": {"values": [{}]}, "mark": {"type": "rule", **style}, "encoding": x}


def _names(rows: Sequence[str]) -> dict[str, Any]:
    """The axis of names, wide enough for the longest: in a page that knows no widths of letters it would cut them."""
    wide = min(LETTER * max(len(row) for row in rows), WIDEST)
    plain = {"ticks": False, "domain": False, "grid": True}
    return axis(None) | plain | {"labelLimit": WIDEST, "labelPadding": 8, "minExtent": wide}
