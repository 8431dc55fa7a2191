"""Turns a matplotlib figure into inline SVG: no global state left behind, the same bytes every time."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE = "#0b5a94"
"""The one colour: dark enough to read in greyscale, seen by every kind of colour vision."""

GREY = "#6b6b6b"
LIGHT = "#d5d9dd"
INK = "#1c1c1c"
WIDTH = 7.6
"""Inches; the page scales it."""

STYLE = {
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "figure.dpi": 72,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Picture:
    """One figure of the page.

    Attributes:
        svg: an <svg> element whose texts are escaped; it refers to nothing outside itself.
        alt: what it shows, in words.
    """

    svg: str
    alt: str

    @property
    def alone(self) -> str:
        """The same as a file of its own."""
        return self.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def picture(name: str, alt: str, height: float, draw: Callable[[Figure], None]) -> Picture:
    """Draw a figure of the page's width and a height in inches.

    Args:
        name: salts the identifiers inside, so that two figures of one page never share one.
    """
    with rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # Texts stay texts and the reader's browser brings the glyphs; matplotlib only misses them when measuring.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return Picture(_inline(written.getvalue(), alt), alt)


def bare(axes: Axes, left: bool = False) -> None:
    """Take away what carries no information: tick marks of the vertical axis, and the axis itself."""
    axes.spines["left"].set_visible(left)
    axes.tick_params(axis="y", length=0)


def _inline(svg: str, alt: str) -> str:
    """The <svg> element alone, scaled by the page, with a name for those who do not see it."""
    body = svg[svg.index("<svg") :]
    head, rest = body.split(">", 1)
    box = re.search(r'viewBox="[^"]+"', head)
    if box is None:
        raise ValueError("matplotlib's SVG has no viewBox")
    content = re.sub(r"<metadata>.*?</metadata>", "", rest, count=1, flags=re.DOTALL)
    content = re.sub(r'<g id="[a-zA-Z0-9._]+">', "<g>", content)
    return f'<svg {box.group()} role="img" aria-label="{escape(alt)}">{content.strip()}'
