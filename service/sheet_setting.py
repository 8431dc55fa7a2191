"""How closely a sheet is set, so that it stays on one side of A4: the roomiest setting whose estimate fits.

A page without script cannot shrink itself. The estimate takes letters to be as wide as those of the widest usual font,
so that with a narrower one there is only more air.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.contact import Contact
from service.sheet import Option, Sheet

HEIGHT = 277.0
"""Of what can be printed, in mm: A4 less the margins."""
WIDTH = 188.0
LETTER = 0.55
"""Mean width of a letter, in font sizes; bold ones in titles are as wide again by a tenth."""
POINT = 0.3528
"""Of a typographic point, in mm."""


@dataclass(frozen=True)
class Setting:
    """One way to set the sheet; its figures are those of `sheet.css`.

    Attributes:
        name: its class in the page.
        size: of the font, in points.
        leading: distance of lines, in font sizes.
        row: what a row of the table has above and below together, in mm.
        array: height of a drawing, in mm.
        across: drawn people in a line; 100 in all.
        lines: whether each text of an option begins a line of its own.
        brief: whether only names are told of the options, and the clinician tells the rest.
        rest: everything whose height does not depend on texts, in mm.
    """

    name: str
    size: float
    leading: float
    row: float
    array: float
    across: int
    rest: float
    lines: bool = False
    brief: bool = False

    def height(self, sheet: Sheet, contacts: Sequence[Contact], names: str) -> float:
        """Estimate of the whole page in mm.

        Args:
            sheet: its content.
            contacts: in the box at its end.
            names: who signs, in the footer.
        """
        width = {0: 118.0, 1: 131.0, 2: 85.0}[len(sheet.columns)]
        table = sum(self._row(option, width) for option in sheet.options)
        barred = self._text("; ".join(sheet.barred), WIDTH, 0.84) if sheet.barred else 0.0
        calls = " ".join(f"{one.name}: {one.phone} ({one.when})    " for one in contacts)
        barred += self._line(0.84) if any(option.check_first for option in sheet.options) else 0.0
        below = barred + self._text(calls, WIDTH - 6, 1.0) + self._text(names, WIDTH, 0.78)
        return self.rest + table + below

    def _row(self, option: Option, width: float) -> float:
        said = [f"What it asks of you: {one.text}*" for one in option.said]
        said = [] if self.brief else said
        texts = said if self.lines else [" ".join(said)]
        counted = " ".join(f"about 10 (10 to 10) {count.words};" for count in option.more)
        text = self._text(option.title, width, 1.08 * 1.1) + sum(self._text(one, width, 0.86) for one in texts)
        text += self._text(f"Of 100 people like you, {counted}", width, 0.8) if counted else 0.0
        drawn = self.array + self._line(1.05) if any(option.counts) else 0.0
        return self.row + max(text, drawn)

    def _text(self, text: str, width: float, scale: float) -> float:
        letters = max(width / (self.size * POINT * LETTER * scale) - 2, 8)
        return max(math.ceil(len(text) / letters), 1 if text else 0) * self._line(scale)

    def _line(self, scale: float) -> float:
        return self.size * POINT * self.leading * scale


SETTINGS = (
    Setting("airy", 10.4, 1.3, 4.8, 11.5, 20, rest=128.0, lines=True),
    Setting("roomy", 9.4, 1.28, 3.8, 11.5, 20, rest=106.0, lines=True),
    Setting("close", 8.5, 1.24, 2.8, 10.5, 20, rest=91.0, lines=True),
    Setting("snug", 8.0, 1.22, 1.8, 8.5, 20, rest=87.0, lines=True),
    Setting("dense", 7.8, 1.22, 1.8, 8.5, 20, rest=88.0),
    Setting("tight", 7.3, 1.18, 1.5, 8.0, 20, rest=84.0),
    Setting("packed", 6.9, 1.15, 0.8, 7.5, 20, rest=80.0),
    Setting("brief", 7.2, 1.18, 0.6, 1.8, 50, rest=83.0, brief=True),
)


def setting_for(sheet: Sheet, contacts: Sequence[Contact], names: str) -> Setting:
    """The roomiest setting that fits, or the closest one if none does."""
    fits = (one for one in SETTINGS if one.height(sheet, contacts, names) <= HEIGHT)
    return next(fits, SETTINGS[-1])
