"""The explorers: every figure is the report's own, what it keeps back is kept back, and charts have their table."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.pages.fairness_view import MEASURES, Z
from service.pages.overlap_view import PARTS

Files = Callable[..., dict[str, bytes]]
Brought = Callable[[], Any]


@pytest.fixture
def explored(registry: Any, run_files: Files, brought: Brought, card: Any, report: Any, group: Any) -> dict[str, Any]:
    """A version with three groups, one too small to be assessed, and quantiles that its report keeps back."""
    groups = (group("sex", "female"), group("sex", "male", 0.01), group("age", "65 or more", 0.02))
    made = card(groups=groups, small=("sex other", "age below 18"))
    told: dict[str, Any] = report()
    registry.study(run_files(card=made, report=told))
    brought()
    return {"card": made, "report": told}


def drawn(page: str) -> list[dict[str, Any]]:
    """The figures of a page's chart."""
    found = re.search(r'data-spec="([^"]+)"', page)
    assert found
    rows: list[dict[str, Any]] = json.loads(html.unescape(found[1]))["data"]["values"]
    return rows


def numbers(value: Any) -> Iterator[float]:
    """Every number in a document."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def test_charts_hold_no_figure_that_the_report_does_not(client: Any, explored: dict[str, Any]) -> None:
    """Every number drawn stands in the card or report, or is the end of an interval that its error makes."""
    for measure in MEASURES:
        told = set(numbers(explored["card"].model_dump(mode="json")))
        for row in drawn(client.get(f"/models/tiny/1/fairness?measure={measure}").text):
            assert row["value"] in told
            if row["lower"] is not None:
                assert any(abs(row["value"] - row["lower"] - Z * error) < 1e-9 for error in (0.11, 0.5))
    told = set(numbers(explored["report"]))
    for part in PARTS:
        assert set(numbers(drawn(client.get(f"/models/tiny/1/overlap?part={part}").text))) <= told


def test_what_the_report_keeps_back_is_kept_back(client: Any, explored: dict[str, Any]) -> None:
    """A quantile beyond which too few patients lie is a dash, and a share that is a bound stays one."""
    page = client.get("/models/tiny/1/overlap?part=propensity&arm=cbt").text
    assert all(row["lower"] is None and row["upper"] is None for row in drawn(page))
    assert page.count('<abbr title="kept back') == 4
    assert "&lt; 1.6 %" in page


@pytest.mark.parametrize("measure", MEASURES)
def test_each_chart_has_its_table(measure: str, client: Any, explored: dict[str, Any]) -> None:
    """As many figures stand in the table as are drawn, and groups too small are named as not assessable."""
    page = client.get(f"/models/tiny/1/fairness?measure={measure}").text
    table = page[page.index('<table class="scores stacks') :]
    assert table.count("</tr>") == 1 + len(drawn(page)) + 2
    assert table.count("not assessable") >= 2
    assert "sex other; age below 18" in page
    one = client.get(f"/models/tiny/1/fairness?measure={measure}&column=age").text
    assert {row["row"] for row in drawn(one)} == {"age: 65 or more"}
    assert "sex other" not in one


def test_strange_choices_are_the_first_ones(client: Any, explored: dict[str, Any]) -> None:
    """An address that asks for what there is not shows the first measure, part and arm, of all groups."""
    same = client.get("/models/tiny/1/fairness").text
    assert drawn(client.get("/models/tiny/1/fairness?measure=x&column=x").text) == drawn(same)
    same = client.get("/models/tiny/1/overlap").text
    assert drawn(client.get("/models/tiny/1/overlap?part=x&arm=x").text) == drawn(same)


def test_without_groups_or_design_a_page_says_so(
    client: Any, registry: Any, run_files: Files, brought: Brought, card: Any
) -> None:
    """A card without groups, a card of another form and a report without a design each have their words."""
    registry.study(run_files(card=card()))
    registry.study(run_files(card=card(small=("sex other",))))
    registry.study(run_files())
    brought()
    assert "names no groups" in client.get("/models/tiny/1/fairness").text
    assert "sex other" in client.get("/models/tiny/2/fairness").text
    assert client.get("/models/tiny/3/fairness").status_code == 404
    assert "Open it whole" in client.get("/models/tiny/1/overlap").text
