"""A deployment's file of what its sites offer: read, and every fault told by file and key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data_contracts.errors import BadInput
from data_contracts.site_offer import FORMAT, read_site_offers


def written(folder: Path, text: str) -> Path:
    """A file of offers."""
    path = folder / "sites.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_form_that_is_told_can_be_read(tmp_path: Path) -> None:
    """The example of the documentation is a valid file; the site's name is found whatever its case and punctuation."""
    offers = read_site_offers(written(tmp_path, FORMAT))
    cbt, emdr = offers.at("north-CLINIC", "CBT"), offers.at("North clinic", "EMDR")
    assert cbt is not None
    assert emdr is not None
    assert (cbt.available, cbt.wait_weeks) == (True, (6, 10))
    assert (emdr.available, emdr.wait_weeks, emdr.note) == (False, None, "no trained therapist")
    assert (cbt.site, cbt.as_of) == ("North clinic", date(2026, 1, 31))


def test_the_documentation_shows_that_form() -> None:
    """What a reader copies from the page is what the loader reads."""
    page = Path(__file__).parents[2] / "docs" / "terminology.md"
    assert FORMAT in page.read_text(encoding="utf-8")


def test_what_is_not_listed_is_unknown_and_not_unavailable(tmp_path: Path) -> None:
    """Neither another therapy nor another site is guessed."""
    offers = read_site_offers(written(tmp_path, FORMAT))
    assert offers.at("North clinic", "IPT") is None
    assert offers.at("South clinic", "CBT") is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("CBT:", "CTB:", "therapy catalogue and not CTB"),
        ("[6, 10]", "[10, 6]", "the shortest wait and then the longest"),
        ("[6, 10]", "[-1, 6]", "the shortest wait and then the longest"),
        ("[6, 10]", "[6, .inf]", "wait_weeks.1: expected input should be a finite number"),
        ("available: false,", "available: false, wait_weeks: [1, 2],", "no wait_weeks where available is false"),
        ("wait_weeks: [0, 1]", "wait_week: [0, 1]", "Did you mean wait_weeks"),
        ("as_of: 2026-01-31", "as_of: lately", "date"),
        ("  as_of: 2026-01-31\n", "", "as_of: expected a value"),
        ("    EMDR:", "    CBT:", "a key given twice in line"),
        (FORMAT, "", "sites: "),
        (FORMAT, "[]", "at least one site"),
        (FORMAT, f"{FORMAT}\n{FORMAT.replace('North clinic', 'north CLINIC')}", "each site once"),
    ],
)
def test_a_fault_is_told_by_file_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    """A deployment learns what to mend before anybody sees a wrong wait."""
    with pytest.raises(BadInput, match=told) as caught:
        read_site_offers(written(tmp_path, FORMAT.replace(old, new)))
    assert "sites.yaml" in str(caught.value)
