"""Numbers and days as the reader's language writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.numbers import format_decimal

from service.pages.texts import LANGUAGE

BRITISH = "en_GB"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Formats:
    """How one locale writes numbers and days.

    Attributes:
        locale: the locale.
    """

    locale: Locale

    def number(self, value: float, digits: int = 1) -> str:
        """A number with so many decimals."""
        rounded = round(value, digits) + 0.0
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(rounded, format=pattern, locale=self.locale).replace("-", MINUS)

    def short(self, value: float) -> str:
        """A number without zeros at its end."""
        return format_decimal(round(value, 3) + 0.0, format="#,##0.###", locale=self.locale).replace("-", MINUS)

    def signed(self, value: float, digits: int = 1) -> str:
        """A number with its sign; of nothing, none."""
        told = self.number(value, digits)
        return f"+{told}" if round(value, digits) > 0 else told

    def day(self, value: date) -> str:
        """A day, its month in letters, in the order of the reader's country."""
        return str(format_skeleton("yMMMd", value, locale=self.locale))

    @property
    def chart_day(self) -> str:
        """How a chart writes a day without its year, in the order of the reader's country (a pattern of d3)."""
        pattern: str = self.locale.datetime_skeletons["MMMd"].pattern
        return re.sub("d+", lambda found: "%d" if found[0] == "dd" else "%-d", pattern.replace("MMM", "%b"))

    @property
    def chart_time(self) -> dict[str, object]:
        """The names of days and months that a chart writes (a locale of d3)."""
        days, months = self.locale.days["format"], self.locale.months["format"]
        week = [(day + 6) % 7 for day in range(7)]  # Babel's begins on Monday, d3's on Sunday
        return {
            "dateTime": "%c",
            "date": "%x",
            "time": "%X",
            "periods": ["AM", "PM"],
            "days": [days["wide"][day] for day in week],
            "shortDays": [days["abbreviated"][day] for day in week],
            "months": [months["wide"][month] for month in range(1, 13)],
            "shortMonths": [months["abbreviated"][month] for month in range(1, 13)],
        }

    def moment(self, value: datetime) -> str:
        """A time in UTC."""
        utc = value.astimezone(UTC)
        return f"{self.day(utc)}, {utc:%H:%M} UTC"


def formats_for(accepted: str) -> Formats:
    """The formats for an `Accept-Language` header, of the language that the texts are in."""
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip()
        try:
            locale = Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
        if locale.language == LANGUAGE and locale.territory:
            return Formats(locale)
    return Formats(Locale.parse(BRITISH))
