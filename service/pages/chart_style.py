"""How charts look: the page's own colours, so that light and dark hold."""

from __future__ import annotations

from typing import Any

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
