"""Encoding: the same values become the same numbers, one patient at a time or all at once, and name nobody."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.encoding import MISSING_LEVEL, Encoding, Feature
from data_contracts.episode import Column
from data_contracts.patient_count import MINIMUM_CELL
from estimators.design import learn_encoding

LEVELS = ["north", "south", "west", None]
NAMES = ("age", "region", "score")


def columns(n: int, seed: int) -> dict[str, Column]:
    """Two numeric columns, one of them with holes, and a category with holes."""
    rng = np.random.default_rng(seed)
    score = rng.normal(10, 3, n)
    score[rng.random(n) < 0.2] = np.nan
    region = np.array([LEVELS[code] for code in rng.integers(0, 4, n)], dtype=object)
    return {"age": rng.normal(45, 12, n), "region": region, "score": score}


@given(st.integers(60, 120), st.integers(0, 10_000))
def test_one_at_a_time_is_all_at_once(n: int, seed: int) -> None:
    """Encoding a patient alone gives, bit for bit, that patient's row of the whole matrix."""
    table = columns(n, seed)
    encoding = learn_encoding(table, NAMES)
    together = encoding.encode(table)
    alone = [encoding.encode({name: values[[row]] for name, values in table.items()}) for row in range(n)]
    np.testing.assert_array_equal(together, np.concatenate(alone))


@given(st.integers(60, 120), st.integers(0, 10_000))
def test_a_patients_values_are_a_row_of_the_matrix(n: int, seed: int) -> None:
    """Plain values, None for missing and a level never seen among them, give the row of their columns, bit for bit."""
    table = columns(n, seed)
    encoding = learn_encoding(table, NAMES)
    table["region"][0] = "abroad"
    cells = zip(*(table[feature.name].tolist() for feature in encoding.features), strict=True)
    rows = [[None if cell != cell else cell for cell in row] for row in cells]  # noqa: PLR0124
    placed = [[feature.place(cell) for feature, cell in zip(encoding.features, row, strict=True)] for row in rows]
    alone = [encoding.standardise(np.array([[*chain.from_iterable(row)]])) for row in placed]
    np.testing.assert_array_equal(encoding.encode(table), np.concatenate(alone))


@given(st.permutations(["age", "region", "score", "unread"]), st.integers(0, 10_000))
def test_columns_are_bound_by_name(order: list[str], seed: int) -> None:
    """The order in which columns come, and columns that are not asked for, make no difference."""
    table = columns(80, seed) | {"unread": np.arange(80.0)}
    encoding = learn_encoding(table, NAMES)
    shuffled = {name: table[name] for name in order}
    np.testing.assert_array_equal(encoding.encode(table), encoding.encode(shuffled))


def test_the_matrix_is_standardised_and_named() -> None:
    """Over the study's episodes every column has mean 0 and spread 1, and a name that says what it is."""
    table = columns(400, 1)
    encoding = learn_encoding(table, NAMES)
    matrix = encoding.encode(table)
    np.testing.assert_allclose(matrix.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(matrix.std(axis=0), 1, atol=1e-12)
    assert len(encoding.columns) == matrix.shape[1] == len(encoding.owner)
    assert [NAMES[i] for i in encoding.owner] == [name.split("=")[0].split()[0] for name in encoding.columns]


@pytest.mark.parametrize(("missing", "told"), [(0, False), (10, False), (11, True), (12, True)])
def test_missing_numbers_get_a_column_from_eleven_on(missing: int, told: bool) -> None:
    """With eleven or more missing an indicator says so; the number itself is filled the same way either way."""
    values = np.arange(100.0)
    values[:missing] = np.nan
    feature = learn_encoding({"x": values}, ["x"]).features[0]
    assert feature.missing_indicator == told
    assert feature.columns == (("x", "x missing") if told else ("x",))
    encoded = feature.encode(np.array([np.nan, 5.0]))
    np.testing.assert_array_equal(encoded[:, 0], [feature.fill, 5.0])
    if told:
        np.testing.assert_array_equal(encoded[:, 1], [1.0, 0.0])


@pytest.mark.parametrize(("count", "kept"), [(10, False), (11, True)])
def test_a_level_needs_eleven_episodes(count: int, kept: bool) -> None:
    """A rarer level leaves no trace in the encoding and is treated as one that was never seen."""
    values = np.array(["common"] * 60 + ["second"] * 40 + ["rare"] * count, dtype=object)
    encoding = learn_encoding({"x": values}, ["x"])
    assert ("rare" in encoding.features[0].levels) == kept
    assert ("rare" in encoding.model_dump_json()) == kept


def test_an_unseen_level_is_the_first_one_as_far_as_numbers_go() -> None:
    """A level never seen sets no flag; that the patient is out of the records' range is for the support check."""
    feature = Feature(name="x", kind="categorical", levels=("a", "b", MISSING_LEVEL))
    encoded = feature.encode(np.array(["a", "b", None, "never"], dtype=object))
    np.testing.assert_array_equal(encoded, [[0, 0], [1, 0], [0, 1], [0, 0]])


def test_a_single_level_fills_no_column() -> None:
    """A category of which one level is left adds nothing to the matrix, and does not break it."""
    feature = Feature(name="x", kind="categorical", levels=("a",))
    assert feature.columns == ()
    assert feature.encode(np.array(["a", None], dtype=object)).shape == (2, 0)


def test_levels_are_ordered_by_count_then_name_and_missing_last() -> None:
    """The order of levels depends on the data alone, not on the order of rows."""
    values = ["b"] * 30 + ["a"] * 30 + ["c"] * 50 + [None] * 60
    rng = np.random.default_rng(3)
    for _ in range(5):
        rng.shuffle(values)
        found = learn_encoding({"x": np.array(values, dtype=object)}, ["x"]).features[0].levels
        assert found == ("c", "a", "b", MISSING_LEVEL)


@given(st.integers(MINIMUM_CELL + 1, 200), st.integers(0, 10_000), st.sampled_from(["normal", "lognormal", "uniform"]))
def test_nothing_learned_of_a_continuous_column_is_one_patients_value(n: int, seed: int, law: str) -> None:
    """Bounds and the value that fills gaps rest on eleven patients each; none equals any patient's value."""
    rng = np.random.default_rng(seed)
    values = getattr(rng, law)(size=n)
    feature = learn_encoding({"x": values}, ["x"]).features[0]
    for learned in (feature.lower, feature.upper, feature.fill):
        assert not np.isclose(values, learned, rtol=1e-12, atol=0).any()


@given(st.integers(MINIMUM_CELL + 1, 60), st.integers(0, 10_000))
def test_bounds_move_with_the_data(n: int, seed: int) -> None:
    """Lower lies below upper, both follow a shift of the data, and turning its sign swaps them."""
    values = np.random.default_rng(seed).normal(0, 100, n)
    feature = learn_encoding({"x": values}, ["x"]).features[0]
    turned = learn_encoding({"x": -values}, ["x"]).features[0]
    shifted = learn_encoding({"x": values + 7}, ["x"]).features[0]
    assert feature.lower < feature.upper
    np.testing.assert_allclose([turned.lower, turned.upper], [-feature.upper, -feature.lower], atol=1e-9)
    np.testing.assert_allclose([shifted.lower, shifted.upper], [feature.lower + 7, feature.upper + 7], atol=1e-9)


def test_bounds_are_close_to_the_extremes_of_evenly_spread_data() -> None:
    """On an even grid the estimate is exact, and on uniform draws the bounds lie near the ends."""
    grid = learn_encoding({"x": np.arange(100.0)}, ["x"]).features[0]
    assert (grid.lower, grid.upper) == (0.0, 99.0)
    rng = np.random.default_rng(0)
    ends = [learn_encoding({"x": rng.uniform(size=500)}, ["x"]).features[0] for _ in range(200)]
    assert abs(np.mean([feature.lower for feature in ends])) < 0.003
    assert abs(np.mean([feature.upper for feature in ends]) - 1) < 0.003


def test_bounds_never_leave_the_instruments_range() -> None:
    """Scores that pile up at the floor do not push the support below what the instrument can give."""
    values = np.concatenate([np.zeros(5), np.arange(6.0), np.full(60, 20.0), np.full(30, 27.0)])
    feature = learn_encoding({"phq9_week0": values}, ["phq9_week0"]).features[0]
    assert feature.lower >= 0
    assert feature.upper <= 27


def test_an_encoding_survives_json() -> None:
    """What is read back from the manifest encodes to the same bits."""
    table = columns(90, 2)
    encoding = learn_encoding(table, NAMES)
    again = Encoding.model_validate_json(encoding.model_dump_json())
    np.testing.assert_array_equal(encoding.encode(table), again.encode(table))


def test_a_column_without_spread_does_not_divide_by_zero() -> None:
    """A constant column, should one get here, is encoded as zeros."""
    encoding = learn_encoding({"x": np.full(40, 3.0)}, ["x"])
    np.testing.assert_array_equal(encoding.encode({"x": np.full(2, 3.0)}), np.zeros((2, 1)))


@pytest.mark.parametrize(("names", "width"), [(("age",), 1), (("age", "region"), 4), (NAMES, 6)])
def test_the_modifiers_are_the_first_columns(names: tuple[str, ...], width: int) -> None:
    """Effect modifiers stand first; asking for others than the first features is refused."""
    encoding = learn_encoding(columns(200, 4), NAMES)
    assert encoding.columns_of(names) == width
    with pytest.raises(ValueError, match="first features"):
        encoding.columns_of(("score",))
