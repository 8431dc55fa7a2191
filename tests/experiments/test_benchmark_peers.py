"""Peers run, find what is there, and are chosen by name."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.episode import FloatArray
from experiments.benchmark_peer_data import PeerData
from experiments.benchmark_peers import FAST, NEEDS, no_effect, peers_of

N, TRAIN = 900, 600


@pytest.fixture(scope="module")
def drawn() -> tuple[PeerData, FloatArray, FloatArray]:
    """Three arms at random; effects 2 + x1 and 1 - 2 x2, noise SD 1; the last 300 rows are fresh."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 5))
    arm = rng.integers(0, 3, size=N)
    effects = np.column_stack([np.zeros(N), 2 + x[:, 0], 1 - 2 * x[:, 1]])
    outcome = x[:, 2] + effects[np.arange(N), arm] + rng.normal(size=N)
    data = PeerData(x[:TRAIN], arm[:TRAIN], outcome[:TRAIN], 4, 3)
    return data, x[TRAIN:], effects[TRAIN:]


@pytest.mark.parametrize("name", sorted(peers_of("all")))
def test_a_peer_finds_strong_effects(name: str, drawn: tuple[PeerData, FloatArray, FloatArray]) -> None:
    """Effects against the reference, whose errors are at most half of those of no effect at all: none is miswired."""
    data, fresh, truth = drawn
    found = peers_of("all")[name](data, fresh)
    assert found.shape == truth.shape
    assert (found[:, 0] == 0).all()
    none = np.sqrt(np.mean((no_effect(data, fresh) - truth) ** 2))
    assert np.sqrt(np.mean((found - truth) ** 2)) < none / 2


def test_peers_are_chosen_by_cost_and_by_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`fast` has no forest, `none` nothing, and a peer whose package is missing is left out of `all`."""
    assert set(peers_of("fast")) == set(FAST)
    assert peers_of("none") == {}
    monkeypatch.setitem(NEEDS, "T-BART", "no_such_package")  # type: ignore[index]
    assert {"ForestDRLearner", "CausalForestDML"} < set(peers_of("all"))
    assert "T-BART" not in peers_of("all")
