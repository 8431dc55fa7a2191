"""Sites left out, as the report tells them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from data_contracts.policy_value import Comparison
from data_contracts.site_value import SiteValue, SiteValues
from experiments.report.figures import figures
from experiments.report.page import page
from experiments.report.summary import summarise


def told(result: Any, sites: SiteValues) -> tuple[dict[str, Any], str]:
    """The numbers and the page of a study with these sites."""
    summary = summarise(replace(result, sites=sites))
    return summary, page(summary, figures(result, summary))


def site(name: str, gain: float) -> SiteValue:
    """A site with this gain."""
    found = Comparison(
        value=1.0, difference=gain, standard_error=0.5, lower=gain - 0.8, upper=gain + 0.8, patients=1.0
    )
    return SiteValue(site=name, individual=True, best_single=found, clinicians=found, drop=found)


def test_each_site_is_told_with_its_interval(result: Any) -> None:
    """Every site and all of them together, names escaped, and how many stayed in."""
    values = SiteValues(
        sites=(site("north <1>", 1.25), site("south", -2.5)), overall=site("all of these", 0.5), left_in=3
    )
    summary, text = told(result, values)
    assert [one["best_single"]["difference"] for one in summary["sites"]["sites"]] == [1.25, -2.5]
    assert "north &lt;1&gt;" in text
    for cell in ("1.25 (0.45 to 2.05)", "−2.50 (−3.30 to −1.70)", "0.50 (−0.30 to 1.30)"):
        assert text.count(cell) >= 3
    assert "3 others were not: at most five are" in text


@pytest.mark.parametrize("why", ["the protocol names no site", "1 of 2 sites can be left out"])
def test_why_nothing_was_assessed_is_told(result: Any, why: str) -> None:
    """Too little to leave out is said as such, and no table is shown."""
    _, text = told(result, SiteValues(untold=why))
    assert f"Not assessed: {why}." in text
    assert "Value at sites left out" not in text


def test_a_study_without_sites_says_so(result: Any) -> None:
    """The study's own protocol names none."""
    assert result.sites.untold == "the protocol names no site"
