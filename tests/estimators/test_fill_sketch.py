"""What a missing effect modifier may be filled with: it follows the records and shows no patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from estimators.design import learn_encoding
from estimators.fill_sketch import fill_sketch

NAMES = ("score", "other", "group")


def _columns(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    group = np.where(rng.uniform(size=n) < 0.2, "few", "many").astype(object)
    return {"score": score, "other": np.exp(0.8 * score + 0.6 * rng.normal(size=n)), "group": group}


def _sketch(columns):
    return fill_sketch(learn_encoding(columns, NAMES), columns, len(NAMES))


@pytest.mark.parametrize("n", [60, 400, 5000])
def test_quantiles_are_those_of_the_records(n):
    """At even normal scores the sketch gives the records' quantiles, to what cells of eleven allow."""
    columns = _columns(n, 1)
    shares = np.linspace(0.05, 0.95, 19)
    found = _sketch(columns).numbers(1, norm.ppf(shares))
    rank = np.searchsorted(np.sort(columns["other"]), found) / n
    assert np.abs(rank - shares).max() <= 11 / n + 0.02


def test_levels_come_in_their_shares():
    """Of a category, each level comes as often as in the records."""
    columns = _columns(4000, 2)
    sketch, encoding = _sketch(columns), learn_encoding(columns, NAMES)
    drawn = sketch.levels(2, norm.ppf(np.linspace(0.0005, 0.9995, 1000)))
    share = (drawn == encoding.features[2].levels.index("few")).mean()
    assert share == pytest.approx((columns["group"] == "few").mean(), abs=0.002)


def test_what_goes_together_is_kept():
    """The correlation of the normal scores is that of the records, drawn a little to 0."""
    found = _sketch(_columns(5000, 3)).correlation
    assert found[0, 1] == pytest.approx(0.8, abs=0.03)
    assert abs(found[0, 2]) < 0.05


@settings(max_examples=40)
@given(n=st.integers(40, 300), seed=st.integers(0, 99), row=st.integers(0, 39))
def test_no_number_is_one_patients(n, seed, row):
    """Every cell is a mean of at least eleven episodes: moving one patient by d moves no cell by more than d / 11."""
    columns = _columns(n, seed)
    before = _sketch(columns).values[0]
    order = np.argsort(columns["score"])
    at = order[min(row, n - 1)]
    step = 1e-6
    moved = columns | {"score": columns["score"] + step * (np.arange(n) == at)}
    after = _sketch(moved).values[0]
    inner = slice(1, -1)
    used = slice(0, len(np.unique(before)))
    assert np.abs(after[used][inner] - before[used][inner]).max() <= step / 11 * (1 + 1e-6)


@given(seed=st.integers(0, 20), at=st.floats(-2, 2))
def test_a_value_finds_its_score_again(seed, at):
    """Score to value and back."""
    sketch = _sketch(_columns(500, seed))
    value = float(sketch.numbers(0, np.array([at]))[0])
    assert sketch.score_of_number(0, value) == pytest.approx(at, abs=1e-6)
