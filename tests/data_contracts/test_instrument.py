"""Instruments: bands, totals, codes, sources, and how a column is recognised."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts.errors import BadInput
from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_name import instrument_for

INSTRUMENTS = load_instruments()

BANDS = [
    ("PHQ-9", "minimal", 0, 4), ("PHQ-9", "mild", 5, 9), ("PHQ-9", "moderate", 10, 14),
    ("PHQ-9", "moderately severe", 15, 19), ("PHQ-9", "severe", 20, 27),
    ("GAD-7", "minimal", 0, 4), ("GAD-7", "mild", 5, 9), ("GAD-7", "moderate", 10, 14), ("GAD-7", "severe", 15, 21),
    ("BDI", "minimal", 0, 9), ("BDI", "mild", 10, 18), ("BDI", "moderate", 19, 29), ("BDI", "severe", 30, 63),
    ("HAM-D17", "none", 0, 7), ("HAM-D17", "mild", 8, 16), ("HAM-D17", "moderate", 17, 23),
    ("HAM-D17", "severe", 24, 52),
]  # fmt: skip

COLUMNS = [
    ("phq9_week12", "PHQ-9"), ("phq9", "PHQ-9"), ("PHQ9", "PHQ-9"), ("PHQ-9", "PHQ-9"), ("phq_9_week12", "PHQ-9"),
    ("phq9.total", "PHQ-9"), ("phq9Week12", "PHQ-9"), ("phq9w12", "PHQ-9"), ("phq9_week0", "PHQ-9"),
    ("phq9_12", "PHQ-9"), ("PHQ-9 points", "PHQ-9"), ("gad7", "GAD-7"), ("GAD-7 total score", "GAD-7"),
    ("gad7_wk6", "GAD-7"), ("bdi", "BDI"), ("bdi_2m", "BDI"), ("bdi.pre", "BDI"), ("bdi.8m", "BDI"),
    ("BDI points", "BDI"), ("bdi2m", "BDI"), ("hamd17_wk6", "HAM-D17"), ("HAM-D17", "HAM-D17"),
    ("ham_d_17_wk6", "HAM-D17"), ("hdrs17", "HAM-D17"), ("HAM-D 17 points", "HAM-D17"),
    # Single items, and numbers that could be an item's
    ("phq9_item9", None), ("phq9_q9", None), ("phq9item9", None), ("phq9q9", None), ("phq9_9", None),
    ("PHQ-9 item 9", None), ("gad7_i3", None), ("bdi_2", None), ("hamd17_3", None),
    # What is computed from a total
    ("phq9_change", None), ("phq9_severity", None), ("phq9_response", None), ("gad7_caseness", None),
    ("phq9_date", None), ("phq9_difficulty", None),
    # Other instruments and other versions
    ("phq90", None), ("phq2", None), ("phq", None), ("phq15_week12", None), ("gad2", None), ("gad", None),
    ("bdi2", None), ("bdi_ii", None), ("BDI-II points", None), ("bdiii_total", None), ("bdi2_week8", None),
    ("hamd", None), ("hamd_wk6", None), ("hamd21", None), ("hamd170", None), ("hama", None),
    # Other columns
    ("age", None), ("baseline", None), ("", None), ("___", None), ("wait_days", None), ("bdisorder", None),
]  # fmt: skip


def stated(value: Any) -> Iterator[dict[str, Any]]:
    """Every block of a document that states a source."""
    if isinstance(value, dict):
        if "verified" in value:
            yield value
        for part in value.values():
            yield from stated(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from stated(part)


@pytest.mark.parametrize(("name", "band", "minimum", "maximum"), BANDS)
def test_a_band_reaches_from_its_first_to_its_last_point(name: str, band: str, minimum: int, maximum: int) -> None:
    """Both ends belong to the band, and what lies just beyond them does not."""
    instrument = INSTRUMENTS[name]
    assert [instrument.band(score).name for score in (minimum, maximum)] == [band, band]
    for beyond in (minimum - 1, maximum + 1):
        if instrument.minimum <= beyond <= instrument.maximum:
            assert instrument.band(beyond).name != band


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=lambda instrument: instrument.id)
def test_a_score_outside_the_range_has_no_band(instrument: Instrument) -> None:
    """A score that cannot occur is an error, and the message does not repeat it."""
    for score in (instrument.minimum - 1, instrument.maximum + 0.5, math.nan, math.inf):
        with pytest.raises(BadInput) as caught:
            instrument.band(score)
        assert str(score) not in str(caught.value)


def test_a_fraction_belongs_to_the_band_of_the_points_reached() -> None:
    """A mean of totals between two bands has not reached the upper one."""
    assert INSTRUMENTS["PHQ-9"].band(9.9).name == "mild"


@pytest.mark.parametrize(("column", "name"), COLUMNS)
def test_a_column_is_recognised_by_how_its_name_begins(column: str, name: str | None) -> None:
    """Totals are recognised whatever the case and punctuation; items, changes and other versions are not."""
    instrument = instrument_for(column)
    assert (instrument.id if instrument else None) == name


def test_item_9_is_not_the_total() -> None:
    """The code of the question on suicidal thoughts is known to be mistaken for the total's."""
    phq9 = INSTRUMENTS["PHQ-9"]
    assert phq9.loinc is not None
    assert (phq9.items[8].loinc, phq9.loinc.total.code) == ("44260-8", "44261-6")


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=lambda instrument: instrument.id)
def test_every_figure_has_a_source_and_recalled_ones_say_so(instrument: Instrument) -> None:
    """No figure stands alone, and what was recalled is never marked as verified."""
    figures = list(stated(instrument.model_dump()))
    assert len(figures) >= 4
    for figure in figures:
        assert figure["source"].strip()
        assert not (figure["verified"] and "recalled" in figure["source"].lower())


def test_the_figures_of_the_talking_therapies_service() -> None:
    """Caseness, reliable change, response and remission are those a service reports by."""
    judged = {
        name: [
            getattr(INSTRUMENTS[name], figure).value
            for figure in ("caseness", "reliable_change", "response", "remission")
        ]
        for name in ("PHQ-9", "GAD-7")
    }
    assert judged == {"PHQ-9": [10, 6, 0.5, 5], "GAD-7": [8, 4, 0.5, 5]}


@pytest.mark.parametrize(
    "change",
    [
        {"range": {"minimum": 0, "maximum": 28, "source": "s", "verified": False}},
        {"answers": {"maxima": 4, "source": "s", "verified": False}},
        {"answers": {"maxima": [3] * 8, "source": "s", "verified": False}},
        {"items": INSTRUMENTS["PHQ-9"].model_dump()["items"][:8]},
        {"an_unknown_key": 1},
    ],
    ids=str,
)
def test_an_instrument_that_does_not_add_up_is_not_read(change: dict[str, Any]) -> None:
    """Bands cover the range, items are numbered through, and their scale adds up to the total's."""
    with pytest.raises(ValidationError):
        Instrument.model_validate(INSTRUMENTS["PHQ-9"].model_dump() | change)
