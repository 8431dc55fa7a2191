"""The score matrix beside DoubleML, where that is installed (extra `bench`, in an environment of its own)."""

from __future__ import annotations

import importlib.util

import pytest

from data_contracts.errors import BadUsage
from experiments.benchmark_scores import compare_with_doubleml


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:doubleml")
@pytest.mark.filterwarnings("ignore::FutureWarning:doubleml")
def test_the_means_are_doublemls(seed: int) -> None:
    """On the same folds and nuisances means agree to 1e-9 of a standard error (0.1 is asked) and standard errors to
    0.1 % (ours divide by n - 1); with DoubleML's own linear and logistic learners means agree within 0.25 of a
    standard error (0.05-0.18 measured), nuisances being estimated twice.
    """
    pytest.importorskip("doubleml")
    found = compare_with_doubleml(2000, seed)
    assert found["largest_gap"] < 1e-9
    assert found["largest_error_ratio"] < 1e-3
    assert found["largest_gap_own_learners"] < 0.25
    for mean, error, true in zip(found["ours"]["means"], found["ours"]["errors"], found["truth"], strict=True):
        assert abs(mean - true) < 4 * error


@pytest.mark.skipif(importlib.util.find_spec("doubleml") is not None, reason="DoubleML is installed")
def test_without_doubleml_the_benchmark_says_what_to_do() -> None:
    """Where DoubleML is absent the benchmark is bad usage, at once, with the file to install from."""
    with pytest.raises(BadUsage, match=r"requirements-bench\.lock"):
        compare_with_doubleml(2000, 1)
