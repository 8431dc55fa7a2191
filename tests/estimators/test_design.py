"""Encodings: the same arithmetic when learning and serving, and no figure that is one patient's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.encoding import MISSING_LEVEL, Encoding
from data_contracts.patient_count import MINIMUM_CELL
from estimators.design import learn_encoding


def text(*counts: tuple[str | None, int]) -> np.ndarray:
    """A text column with these levels so many times."""
    return np.array([level for level, count in counts for _ in range(count)], dtype=object)


def test_columns_are_standardised() -> None:
    """Over the study's episodes each matrix column has mean 0 and SD 1."""
    rng = np.random.default_rng(1)
    score = rng.normal(20, 5, size=200)
    score[:30] = np.nan
    columns = {"score": score, "sex": rng.choice(np.array(["f", "m"], dtype=object), size=200)}
    matrix = learn_encoding(columns, ["score", "sex"]).encode(columns)
    assert matrix.shape == (200, 3)
    np.testing.assert_allclose(matrix.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(matrix.std(axis=0), 1, atol=1e-12)


def test_missing_numbers_are_filled_and_flagged() -> None:
    """With eleven missing or more the median stands in and a column says so; with ten it stands in silently."""
    for missing, flagged in ((MINIMUM_CELL, True), (MINIMUM_CELL - 1, False)):
        values = np.r_[np.full(missing, np.nan), np.arange(101.0)]
        encoding = learn_encoding({"x": values}, ["x"])
        feature = encoding.features[0]
        assert feature.fill == 50
        assert feature.missing_indicator is flagged
        assert not np.isnan(encoding.encode({"x": values})).any()


def test_rare_levels_are_not_kept() -> None:
    """Levels with eleven episodes are kept, the most frequent first; one with ten is as if never seen."""
    column = text(("a", 20), ("b", 40), ("c", MINIMUM_CELL), ("d", MINIMUM_CELL - 1), (None, 15))
    feature = learn_encoding({"x": column}, ["x"]).features[0]
    assert feature.levels == ("b", "a", "c", MISSING_LEVEL)
    assert feature.columns == ("x=a", "x=c", f"x={MISSING_LEVEL}")


@given(st.integers(0, 1000))
@settings(max_examples=50)
def test_no_support_bound_is_one_patients(seed: int) -> None:
    """The bounds of the support move by less than a sixth of what the most extreme patient's value moves."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=200)
    moved = values.copy()
    moved[values.argmax()] += 1.0
    before, after = (learn_encoding({"x": v}, ["x"]).features[0] for v in (values, moved))
    assert after.lower == before.lower
    assert 0 <= after.upper - before.upper <= 2 / MINIMUM_CELL + 1e-12


def test_the_support_of_even_values_is_their_range() -> None:
    """Evenly spread values have their own range as support."""
    feature = learn_encoding({"x": np.linspace(0, 100, 101)}, ["x"]).features[0]
    assert (feature.lower, feature.upper) == (0, 100)


def test_instruments_bound_the_support() -> None:
    """A column named as an instrument's score never has support outside the instrument's range."""
    values = np.r_[np.zeros(40), np.full(3, 12.0), np.full(40, 27.0)]
    feature = learn_encoding({"phq9_week0": values}, ["phq9_week0"]).features[0]
    assert feature.lower >= 0
    assert feature.upper <= 27


def test_columns_are_bound_by_name() -> None:
    """Columns in another order, or more of them, give the same matrix."""
    rng = np.random.default_rng(2)
    columns = {name: rng.normal(size=50) for name in "abc"}
    encoding = learn_encoding(columns, ["b", "a"])
    turned = {name: columns[name] for name in ("c", "a", "b")}
    np.testing.assert_array_equal(encoding.encode(turned), encoding.encode(columns))


def test_the_encoding_survives_as_json() -> None:
    """Written as JSON and read again it encodes bit for bit the same."""
    rng = np.random.default_rng(3)
    columns = {"x": rng.normal(size=60), "y": rng.choice(np.array(["u", "v", None], dtype=object), size=60)}
    encoding = learn_encoding(columns, ["x", "y"])
    again = Encoding.model_validate_json(encoding.model_dump_json())
    np.testing.assert_array_equal(again.encode(columns), encoding.encode(columns))


@pytest.mark.parametrize("value", ["never seen", None])
def test_what_was_never_seen_is_no_level(value: str | None) -> None:
    """A level that was rare or never seen sets no flag: the patient is told from others by the engine's own check."""
    encoding = learn_encoding({"x": text(("a", 30), ("b", 20), ("c", 15))}, ["x"])
    raw = encoding.features[0].encode(np.array([value], dtype=object))
    np.testing.assert_array_equal(raw, [[0, 0]])
