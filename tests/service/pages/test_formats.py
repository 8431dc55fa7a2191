"""Days and numbers as the English of the reader's country writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from service.pages.formats import formats_for
from service.pages.texts import texts_in

WRITTEN = {
    "en-GB,en;q=0.8": ("7 Nov 2026", "1,234.5"),
    "en-US": ("Nov 7, 2026", "1,234.5"),
    "en-ZA": ("07 Nov 2026", "1\N{NO-BREAK SPACE}234,5"),
    "de-DE,en-US;q=0.5": ("Nov 7, 2026", "1,234.5"),
    "de-DE": ("7 Nov 2026", "1,234.5"),
    "": ("7 Nov 2026", "1,234.5"),
}


@pytest.mark.parametrize("accepted", WRITTEN)
def test_days_and_numbers_by_country(accepted: str) -> None:
    """The order of a day and the marks of a number are the country's; another language is British."""
    formats = formats_for(accepted)
    day, number = WRITTEN[accepted]
    assert formats.day(date(2026, 11, 7)) == day
    assert formats.moment(datetime(2026, 11, 7, 16, 5, tzinfo=UTC)) == f"{day}, 16:05 UTC"
    assert formats.number(1234.5) == number
    assert formats.signed(-0.04) == formats.number(0)
    assert formats.signed(-2).startswith("\N{MINUS SIGN}")


@pytest.mark.parametrize(
    ("accepted", "day", "month"), [("en-GB", "%-d %b", "Sept"), ("en-US", "%b %-d", "Sep"), ("en-ZA", "%d %b", "Sept")]
)
def test_charts_write_days_as_pages_do(accepted: str, day: str, month: str) -> None:
    """The axis of a chart has the page's order and names of months, and its weeks begin as d3 wants them."""
    formats = formats_for(accepted)
    names: Any = formats.chart_time
    assert formats.chart_day == day
    assert names["shortMonths"][8] in formats.day(date(2026, 9, 7))
    assert (names["shortMonths"][8], names["days"][0], len(names["shortDays"])) == (month, "Sunday", 7)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_one_is_told_as_one(count: int) -> None:
    """A text with a count has the form that the language has for it."""
    told = texts_in("en").many("glass.more", count, n=count)
    assert ("1 more waits" in told) is (count == 1)


def test_a_page_follows_its_reader(client: Any, asked: Callable[..., str], profile: dict[str, Any]) -> None:
    """The same answer tells its day as each reader's country does."""
    where = asked(profile)
    told = [client.get(where, headers={"Accept-Language": one}).text for one in ("en-GB", "en-US")]
    today = client.get(where.replace("/recommendations", "/v1/recommendations")).json()["created_at"][:10]
    for text, one in zip(told, ("en-GB", "en-US"), strict=True):
        assert formats_for(one).day(date.fromisoformat(today)) in text
