"""How charts look: the page's own colours, so that light and dark hold."""

from __future__ import annotations

from typing import Any

APART = {"labelFlush": False, "labelOverlap": "greedy", "labelSeparation": 16}
"""Of an axis whose labels stand apart, fewer on a phone; those at the ends are not pushed over others.

Vega measures letters without the page's font, and so as narrower than they are: half of the distance is for that."""

INK, SOFT, LINE = "var(--ink)", "var(--soft)", "var(--line)"


def axis(title: str | None) -> dict[str, Any]:
    """An axis in the page's colours."""
    size = {"labelFontSize": 12, "titleFontSize": 13}
    return size | {
        "title": title,
        "labelColor": SOFT,
        "titleColor": INK,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
    }
