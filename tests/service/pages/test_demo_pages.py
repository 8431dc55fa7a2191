"""What the demo opens, on the real pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from experiments.demo_pages import open_pages
from experiments.demo_patients import VISITS, visits


def test_everything_within_two_clicks_of_the_first_page_answers(
    client: Any, asked: Callable[[dict[str, Any]], str], values: dict[str, Any]
) -> None:
    """From the first page, one click leads to the newest answer and a second to the scores of all visits."""
    newest = ""
    for visit in visits(datetime.now(UTC).date()):
        told = {name: visit["values"][name] for name in ("phq9_week0", "phq9_total")}
        newest = asked(visit | {"values": values | told})

    def read(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, path
        return str(answer.text)

    assert f"{newest}/course" in open_pages(read, [newest])
    scores = re.findall(r"<td class=\"score\"><strong>(\d+)</strong>", read(f"{newest}/course"))
    assert scores == [str(total) for _, total in VISITS]
