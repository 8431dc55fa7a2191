"""What makes a finished page fit every screen: wide parts scroll by themselves, drawings have the page's colours."""

from __future__ import annotations

import re
from itertools import count

from markupsafe import Markup

from experiments.report.drawing import BLUE, GREY, INK, LIGHT, Picture

PALETTE = {BLUE: "--blue", GREY: "--grey", LIGHT: "--line", INK: "--ink", "#ffffff": "--paper"}
"""Colours of drawings, and what they are called in ``palette.css.j2``, which has them for light and for dark."""

_COLOUR = re.compile("|".join(PALETTE))
_TABLE = re.compile(r"(<table[^>]*>)\s*<caption([^>]*)>")


def themed(picture: Picture) -> Markup:
    """A drawing for a page: it follows light and dark, and on a narrow screen it scrolls instead of shrinking."""
    drawn = _COLOUR.sub(lambda found: f"var({PALETTE[found.group()]})", picture.svg)
    # drawing.py escapes the texts inside its SVG.
    return Markup(f'<div class="scroll drawn" tabindex="0">{drawn}</div>')  # noqa: S704


def scrolling(html: str) -> str:
    """A page whose tables scroll by themselves on a narrow screen, also by keyboard, each under its caption's name.

    Args:
        html: of our templates; what comes from data is escaped, so that every ``<table`` is one of theirs.
    """
    numbers = count(1)

    def frame(found: re.Match[str]) -> str:
        name = f"table-{next(numbers)}"
        opened = f'<div class="scroll" role="group" aria-labelledby="{name}" tabindex="0">'
        return f'{opened}{found.group(1)}\n<caption id="{name}"{found.group(2)}>'

    return _TABLE.sub(frame, html).replace("</table>", "</table></div>")
