"""Numbers and days as the reader's language writes them."""

from __future__ import annotations

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
