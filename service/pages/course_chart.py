"""The chart of a course as a Vega-Lite specification; its colours are the page's own, so that light and dark hold."""

from __future__ import annotations

from typing import Any

from service.pages.chart_style import APART, SOFT, axis
from service.pages.course import Course
from service.pages.formats import Formats
from service.pages.texts import Texts

COLOURS = {"first": "var(--estimate)", "within": "var(--strong)", "improved": "var(--good)", "worse": "var(--danger)"}
SHAPES = {"first": "circle", "within": "circle", "improved": "triangle-down", "worse": "triangle-up"}


def chart_of(course: Course, texts: Texts, formats: Formats) -> dict[str, Any]:
    """The specification of one instrument's chart."""
    rows = [
        {
            "day": one.day.isoformat(),
            "score": one.value,
            "change": one.change,
            "label": f"{formats.day(one.day)}: {formats.short(one.value)}",
        }
        for one in course.scores
    ]
    # Days are days of UTC, wherever they are read; the name of the scale is the heading above it.
    days = axis(None) | APART | {"format": formats.chart_day, "tickCount": 6}
    x = {"field": "day", "type": "temporal", "axis": days, "scale": {"type": "utc"}}
    y = {"field": "score", "type": "quantitative", "axis": axis(None), "scale": _range(course)}
    kinds = list(COLOURS)
    colour = {"domain": kinds, "range": [COLOURS[kind] for kind in kinds]}
    shape = {"domain": kinds, "range": [SHAPES[kind] for kind in kinds]}
    points = {
        "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1},
        "encoding": {
            "x": x,
            "y": y,
            "color": {"field": "change", "type": "nominal", "scale": colour, "legend": None},
            "shape": {"field": "change", "type": "nominal", "scale": shape, "legend": None},
            "description": {"field": "label"},
        },
    }
    line = {"mark": {"type": "line", "color": "var(--accent)", "strokeWidth": 2}, "encoding": {"x": x, "y": y}}
    return {
        "width": "container",
        "height": 240,
        "background": "transparent",
        "data": {"values": rows},
        "layer": [*_steady(course, texts), *_caseness(course, texts), line, points],
        "config": {"view": {"stroke": "transparent"}, "font": "inherit", "locale": {"time": formats.chart_time}},
    }


def _steady(course: Course, texts: Texts) -> list[dict[str, Any]]:
    """Where a score says no more than the first did: within measurement error of it."""
    figure = course.instrument.reliable_change
    if figure is None:
        return []
    first, most = course.scores[0].value, course.instrument.maximum
    band = [{"least": max(first - figure.value, 0), "most": min(first + figure.value, most)}]
    height = {"y": {"field": "least", "type": "quantitative"}, "y2": {"field": "most"}}
    return [
        {"data": {"values": band}, "mark": {"type": "rect", "color": SOFT, "opacity": 0.13}, "encoding": height},
        _words(band[0]["most"], texts("course.steady"), 12),
    ]


def _caseness(course: Course, texts: Texts) -> list[dict[str, Any]]:
    figure = course.instrument.caseness
    if figure is None:
        return []
    at = {"y": {"datum": figure.value, "type": "quantitative"}}
    rule = {"mark": {"type": "rule", "color": "var(--caution)", "strokeDash": [5, 4], "size": 1.5}, "encoding": at}
    first, last = (abs(course.scores[at].value - figure.value) for at in (0, -1))
    return [rule, _words(figure.value, texts("course.caseness", value=figure.value), -7, left=first > last)]


def _words(at: float, text: str, below: int, *, left: bool = False) -> dict[str, Any]:
    """Words beside a line, at its end, or at its beginning where the scores are farther from it."""
    mark = {"type": "text", "dy": below, "color": SOFT, "fontSize": 12, "text": text}
    mark |= {"align": "left", "dx": 4} if left else {"align": "right"}
    place = {"y": {"datum": at}, "x": {"value": 0 if left else "width"}}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": place}


def _range(course: Course) -> dict[str, Any]:
    return {"domain": [course.instrument.minimum, course.instrument.maximum], "nice": False}
