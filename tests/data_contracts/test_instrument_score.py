"""Scores from items: every boundary of every instrument's bands, partial answers, and totals that contradict them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.errors import BadInput
from data_contracts.instrument import Instrument, PartialAnswers, load_instruments
from data_contracts.instrument_score import score, total_problems

INSTRUMENTS = load_instruments()
PHQ9 = INSTRUMENTS["PHQ-9"]
each_instrument = pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=lambda instrument: instrument.id)

# The cut points as published, typed here a second time: the first total of each band, lowest first.
PUBLISHED = {
    "PHQ-9": ([0, 5, 10, 15, 20], 27), "GAD-7": ([0, 5, 10, 15], 21), "BDI": ([0, 10, 19, 30], 63),
    "HAM-D17": ([0, 8, 17, 24], 52),
}  # fmt: skip


def answers_with(instrument: Instrument, total: int) -> list[int]:
    """Answers that add up to a total, the first items answered as high as they go."""
    found = []
    for maximum in instrument.item_maxima:
        found.append(min(maximum, total - sum(found)))
    return found


def drawn(instrument: Instrument) -> st.SearchStrategy[tuple[int, ...]]:
    """Complete answers to an instrument's items."""
    return st.tuples(*(st.integers(0, maximum) for maximum in instrument.item_maxima))


def test_every_instrument_has_its_published_bands_here() -> None:
    """No instrument comes in without a check of its boundaries."""
    assert set(PUBLISHED) == set(INSTRUMENTS)


@each_instrument
def test_a_score_from_items_falls_into_its_published_band_at_every_total(instrument: Instrument) -> None:
    """From the lowest to the highest total, answers forwards and backwards give it and the band it belongs to."""
    starts, highest = PUBLISHED[instrument.id]
    assert (instrument.minimum, instrument.maximum) == (0, highest)
    for total in range(highest + 1):
        answers = answers_with(instrument, total)
        assert score(instrument, answers) == total
        reached = sum(start <= total for start in starts)
        assert instrument.band(score(instrument, answers)) == instrument.bands[reached - 1]


@given(data=st.data())
@each_instrument
def test_however_items_are_answered_the_score_is_their_sum(instrument: Instrument, data: st.DataObject) -> None:
    """It lies in the range and in exactly one band."""
    answers = data.draw(drawn(instrument))
    total = score(instrument, answers)
    assert total == sum(answers)
    assert [band for band in instrument.bands if band.minimum <= total <= band.maximum] == [instrument.band(total)]


@each_instrument
def test_each_item_ends_at_its_own_highest_answer(instrument: Instrument) -> None:
    """One point above the scale of any single item is refused, and the message names the item, not the answer."""
    for place, maximum in enumerate(instrument.item_maxima):
        answers = [0] * len(instrument.item_maxima)
        answers[place] = maximum
        assert score(instrument, answers) == maximum
        answers[place] = maximum + 1
        with pytest.raises(BadInput, match=rf"item {place + 1}: .* 0 to {maximum};"):
            score(instrument, answers)


@each_instrument
def test_without_a_rule_for_partial_answers_one_missing_is_refused(instrument: Instrument) -> None:
    """A total over fewer items would read as less severe."""
    assert instrument.partial is None
    for place in range(len(instrument.item_maxima)):
        answers: list[float | None] = [0] * len(instrument.item_maxima)
        answers[place] = None
        with pytest.raises(BadInput, match=f"no answer to item {place + 1}"):
            score(instrument, answers)


@pytest.mark.parametrize(
    "spoil", [{0: None}, {0: 4}, {8: -1}, {3: 1.5}, {3: True}, {3: "2"}, {3: float("nan")}, {0: None, 1: 77}], ids=str
)
def test_a_score_needs_every_item_on_its_scale(spoil: dict[int, Any]) -> None:
    """A missing or impossible answer gives no score; all such items are told at once and no answer is repeated."""
    items: list[Any] = [1] * 9
    for place, answer in spoil.items():
        items[place] = answer
    with pytest.raises(BadInput) as caught:
        score(PHQ9, items)
    assert all(f"item {place + 1}" in str(caught.value) for place in spoil)
    assert "77" not in str(caught.value)


@pytest.mark.parametrize("count", [0, 8, 10])
def test_a_score_needs_as_many_answers_as_items(count: int) -> None:
    """Eight answers are not nine with one left out."""
    with pytest.raises(BadInput, match="9 answers"):
        score(PHQ9, [1] * count)


def test_an_instrument_whose_items_are_not_read_has_totals_only() -> None:
    """Without a scale of answers nothing is added up."""
    with pytest.raises(BadInput, match="Give the total"):
        score(PHQ9.model_copy(update={"answers": None}), [0] * 9)


def test_a_rule_for_partial_answers_scales_the_mean() -> None:
    """With such a rule the mean of the answered items stands in, up to the number the rule allows to miss."""
    rule = PartialAnswers(minimum_answered=7, source="made up for this test", verified=False)
    instrument = PHQ9.model_copy(update={"partial": rule})
    assert score(instrument, [2, 2, 2, 2, 2, 2, 2, None, None]) == 18
    assert score(instrument, [3, 0, 0, 0, 0, 0, 0, 0, None]) == 3
    assert total_problems(instrument, [2, 2, 2, 2, 2, 2, 2, None, None], 18) == []
    with pytest.raises(BadInput, match="at least 7"):
        score(instrument, [2, 2, 2, 2, 2, 2, None, None, None])


@pytest.mark.parametrize(
    ("answers", "fitting"),
    [
        ([1] * 9, range(9, 10)),
        ([3] * 9, range(27, 28)),
        ([None] * 8 + [2], range(2, 27)),
        ([None] * 9, range(28)),
        ([2] * 7 + [None, None], range(14, 21)),
    ],
    ids=["all answered", "all highest", "item 9 alone", "none", "two missing"],
)
def test_a_total_fits_its_answers_exactly_where_some_answers_to_the_rest_give_it(
    answers: list[float | None], fitting: range
) -> None:
    """Item 9 answered 2 beside a total of 1 is a contradiction; what is unanswered may be anything on its scale."""
    assert [total for total in range(28) if not total_problems(PHQ9, answers, total)] == list(fitting)


def test_a_contradiction_repeats_neither_total_nor_answer() -> None:
    """The problem names the instrument and what to do."""
    (problem,) = total_problems(PHQ9, [1] * 9, 23)
    assert problem.where == "PHQ-9"
    assert "23" not in str(problem)
