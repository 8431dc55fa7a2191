"""Folds: whole clusters, every arm and site in its share, and nothing decided by labels or by the file's order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.episode import Episodes
from data_contracts.errors import BadInput
from estimators.folds import MINIMUM_LEARNED, check_folds, deal_folds


def episodes(arm: np.ndarray, cluster: np.ndarray, site: np.ndarray, outcome: np.ndarray | None = None) -> Episodes:
    """Episodes of which only the design matters."""
    return Episodes(
        arms=tuple("abcdefgh"[: int(arm.max()) + 1]),
        thin_arms={},
        arm=arm.astype(np.int64),
        cluster=cluster.astype(np.int64),
        site=site.astype(np.int64),
        columns={},
        outcomes={"y": np.zeros(len(arm)) if outcome is None else outcome},
        attrition=(),
        fingerprint="",
    )


@st.composite
def designs(draw: st.DrawFn) -> tuple[Episodes, int, int]:
    """Random designs: 2-4 arms, 1-3 sites, clusters of 1-6 rows; with a number of folds and a seed."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    arms, sites, size = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 6))
    n = draw(st.integers(40, 120))
    cluster = rng.integers(max(n // size, 12), size=n)
    arm = np.concatenate([np.arange(arms), rng.integers(arms, size=n - arms)])
    return episodes(arm, cluster, rng.integers(sites, size=n)), draw(st.integers(2, 5)), draw(st.integers(0, 99))


@given(designs())
@settings(max_examples=60)
def test_clusters_stay_whole(design: tuple[Episodes, int, int]) -> None:
    """Every row has a fold, and no cluster is in two of them."""
    chosen, folds, seed = design
    fold = deal_folds(chosen, folds, seed)
    assert set(np.unique(fold)) <= set(range(folds))
    for unit in np.unique(chosen.cluster):
        assert len(np.unique(fold[chosen.cluster == unit])) == 1


@given(designs())
@settings(max_examples=60)
def test_swapping_labels_leaves_the_folds(design: tuple[Episodes, int, int]) -> None:
    """Whatever the arms and the sites are called, the same rows share a fold."""
    chosen, folds, seed = design
    rename = np.random.default_rng(seed + 1).permutation(len(chosen.arms))
    other_site = int(chosen.site.max()) - chosen.site
    renamed = replace(chosen, arm=rename[chosen.arm], site=other_site)
    np.testing.assert_array_equal(deal_folds(renamed, folds, seed), deal_folds(chosen, folds, seed))


@given(designs())
@settings(max_examples=60)
def test_row_order_does_not_matter(design: tuple[Episodes, int, int]) -> None:
    """Each row's fold is the same wherever the row stands."""
    chosen, folds, seed = design
    order = np.random.default_rng(seed).permutation(chosen.n)
    moved = replace(chosen, arm=chosen.arm[order], cluster=chosen.cluster[order], site=chosen.site[order])
    np.testing.assert_array_equal(deal_folds(moved, folds, seed), deal_folds(chosen, folds, seed)[order])


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
@pytest.mark.parametrize("sites", [1, 4])
def test_arms_are_balanced_over_folds(folds: int, sites: int) -> None:
    """With patients as clusters no fold has more than sites + 1 of an arm above another, nor 3 of an arm and site."""
    rng = np.random.default_rng(1)
    n = 500
    arm, site = rng.choice(3, size=n, p=[0.6, 0.3, 0.1]), rng.integers(sites, size=n)
    fold = deal_folds(episodes(arm, np.arange(n), site), folds, seed=3)
    for code in range(3):
        held = np.bincount(fold[arm == code], minlength=folds)
        assert np.ptp(held) <= sites + 1
        for place in range(sites):
            assert np.ptp(np.bincount(fold[(arm == code) & (site == place)], minlength=folds)) <= 3


def test_large_clusters_are_balanced_too() -> None:
    """Clusters of nine mixed rows: every fold has each arm within a fifth of its share."""
    rng = np.random.default_rng(2)
    cluster = rng.integers(459, size=4000)
    arm, site = rng.choice(5, size=4000, p=[0.23, 0.23, 0.2, 0.25, 0.09]), rng.integers(12, size=4000)
    fold = deal_folds(episodes(arm, np.unique(cluster, return_inverse=True)[1], site), 5, seed=7)
    for code in range(5):
        held = np.bincount(fold[arm == code], minlength=5) / np.sum(arm == code)
        np.testing.assert_allclose(held, 0.2, atol=0.04)


@given(designs())
@settings(max_examples=60)
def test_every_cluster_goes_to_the_least_crowded_fold(design: tuple[Episodes, int, int]) -> None:
    """Dealt one by one, largest first, each goes where its arms and its arms at its sites are fewest."""
    chosen, folds, seed = design
    kind = chosen.arm * 10 + chosen.site
    units = np.unique(chosen.cluster)
    order = np.random.default_rng(seed).permutation(len(units))
    rows = [np.flatnonzero(chosen.cluster == units[unit]) for unit in order]
    expected = np.full(chosen.n, -1)
    for own in sorted(rows, key=lambda own: -len(own)):
        dealt = [np.flatnonzero(expected == k) for k in range(folds)]
        crowding = [
            sum(np.sum(chosen.arm[there] == chosen.arm[i]) + np.sum(kind[there] == kind[i]) for i in own)
            for there in dealt
        ]
        expected[own] = int(np.argmin(crowding))
    np.testing.assert_array_equal(deal_folds(chosen, folds, seed), expected)


def test_the_seed_decides() -> None:
    """The same seed deals the same folds, another seed others."""
    rng = np.random.default_rng(4)
    chosen = episodes(rng.integers(3, size=200), np.arange(200), np.zeros(200))
    np.testing.assert_array_equal(deal_folds(chosen, 5, 1), deal_folds(chosen, 5, 1))
    assert (deal_folds(chosen, 5, 1) != deal_folds(chosen, 5, 2)).mean() > 0.5


def test_an_arm_in_too_few_clusters_is_bad_input() -> None:
    """An arm whose patients are all one cluster, and another with hardly an outcome, are both named, with counts."""
    arm = np.repeat([0, 1, 2], 40)
    cluster = np.arange(120)
    cluster[arm == 1] = 40
    outcome = np.zeros(120)
    outcome[83:] = np.nan
    chosen = episodes(arm, np.unique(cluster, return_inverse=True)[1], np.zeros(120), outcome)
    with pytest.raises(BadInput) as caught:
        check_folds(chosen, deal_folds(chosen, 3, 1))
    assert len(caught.value.problems) == 2
    assert "arm b" in str(caught.value)
    assert "arm c" in str(caught.value)


@pytest.mark.parametrize(("observed", "enough"), [(MINIMUM_LEARNED, True), (MINIMUM_LEARNED - 1, False)])
def test_the_threshold_of_enough(observed: int, enough: bool) -> None:
    """Exactly the least number of outcomes outside a fold is enough, one fewer is not."""
    arm, fold = np.repeat([0, 1], 30), np.tile([0, 1], 30)
    outcome = np.zeros(60)
    mine = np.flatnonzero((arm == 1) & (fold == 0))
    outcome[mine[observed:]] = np.nan
    chosen = episodes(arm, np.arange(60), np.zeros(60), outcome)
    if enough:
        check_folds(chosen, fold)
    else:
        with pytest.raises(BadInput, match=f"found {observed}"):
            check_folds(chosen, fold)
