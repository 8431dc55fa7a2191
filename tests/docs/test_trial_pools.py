"""The scripts behind the evidence tables: their arithmetic on made-up trials, and the typed figures on real ones."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from data_contracts.trial_evidence import load_evidence

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
"""Where the trials' results lie if they are there; they are not part of this repository."""


@pytest.fixture(scope="module")
def pools():
    """The module with the arithmetic."""
    sys.path.insert(0, str(ROOT / "docs" / "scripts"))
    try:
        import trial_pools

        yield trial_pools
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def recompute(pools):
    """The module that reads the folders."""
    sys.path.insert(0, str(ROOT / "docs" / "scripts"))
    try:
        import recompute_evidence

        yield recompute_evidence
    finally:
        sys.path.pop(0)


def made_up(k: int, seed: int, tau: float = 0.3) -> list[tuple[str, float, float]]:
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.1, 0.5, k)
    return [(f"t{i}", 0.5 + rng.normal() * np.hypot(tau, e), e) for i, e in enumerate(errors)]


def der_simonian_laird(effects, errors):
    """The textbook's formulas, one contrast."""
    w = 1 / errors**2
    mean = (w * effects).sum() / w.sum()
    q = (w * (effects - mean) ** 2).sum()
    tau2 = max(0.0, (q - (len(w) - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    w = 1 / (errors**2 + tau2)
    return (w * effects).sum() / w.sum(), w.sum() ** -0.5, tau2


@pytest.mark.parametrize("seed", range(5))
def test_one_therapy_is_der_simonian_and_laird(pools, seed):
    """With one row a trial and one therapy the pool is that of the textbook."""
    rows = made_up(12, seed)
    found = pools.pool([pools.Row(t, "a", y, e) for t, y, e in rows], ["a"])
    mean, error, tau2 = der_simonian_laird(*np.array([row[1:] for row in rows]).T)
    np.testing.assert_allclose([found.estimate[0], found.error[0], found.tau**2], [mean, error, tau2], atol=1e-12)


def test_a_trial_told_twice_is_no_more_evidence(pools):
    """Rows of one trial count once: the same instrument twice leaves an error above that of independent trials."""
    once = [pools.Row("t", "a", 0.5, 0.2), pools.Row("u", "a", 0.5, 0.2)]
    again = [*once, pools.Row("t", "a", 0.5, 0.2)]
    apart = [*once, pools.Row("v", "a", 0.5, 0.2)]
    errors = [pools.pool(rows, ["a"]).error[0] for rows in (once, again, apart)]
    assert errors[0] > errors[1] > errors[2]


def test_a_shared_control_group_correlates_therapies(pools):
    """Two therapies of the same trials have a positive correlation; those of different trials have none."""
    same = [pools.Row(f"t{i}", arm, 0.4 + 0.05 * i, 0.2) for i in range(6) for arm in "ab"]
    apart = [pools.Row(f"{arm}{i}", arm, 0.4 + 0.05 * i, 0.2) for i in range(6) for arm in "ab"]
    assert pools.pool(same, "ab").correlation[0, 1] == pytest.approx(0.5)
    assert pools.pool(apart, "ab").correlation[0, 1] == pytest.approx(0.0, abs=1e-12)


def network(seed: int) -> list[tuple[str, str, str, float, float]]:
    """Two-arm trials of four treatments and three-arm trials, with three contrasts each."""
    rng = np.random.default_rng(seed)
    level = {"uc": 0.0, "a": 0.3, "b": 0.5, "c": 0.7}
    found = []
    for i in range(30):
        arms = rng.choice(list(level), size=2 if i < 20 else 3, replace=False)
        errors = {arm: rng.uniform(0.1, 0.3) for arm in arms}
        means = {arm: level[arm] + rng.normal() * np.hypot(errors[arm], 0.1) for arm in arms}
        pairs = [(x, y) for j, x in enumerate(arms) for y in arms[j + 1 :]]
        found += [(f"t{i}", x, y, means[x] - means[y], float(np.hypot(errors[x], errors[y]))) for x, y in pairs]
    return found


def test_a_network_is_the_same_whichever_reference(pools):
    """Contrasts, errors and tau do not depend on the treatment that others are compared with."""
    rows = network(1)
    by_uc, by_a = pools.pool_network(rows, "uc"), pools.pool_network(rows, "a")
    names, other = list(by_uc.names), list(by_a.names)
    back = np.array([[(n == o) - (o == "uc") for o in other] for n in [*names]], dtype=float)
    np.testing.assert_allclose(back @ by_a.estimate, by_uc.estimate, atol=1e-10)
    np.testing.assert_allclose(back @ by_a.covariance @ back.T, by_uc.covariance, atol=1e-10)
    assert by_a.tau == pytest.approx(by_uc.tau)


def test_a_network_finds_what_it_was_made_from(pools):
    """Over many networks, nine in ten 90 % intervals hold the truth (Monte Carlo error 0.017)."""
    held = []
    for seed in range(100):
        found = pools.pool_network(network(seed), "uc")
        held += list(np.abs(found.estimate - [0.3, 0.5, 0.7]) <= 1.645 * found.error)
    assert 0.84 <= np.mean(held) <= 0.96


@pytest.mark.skipif(not (DATA / "metapsy").is_dir(), reason="the trials' results do not lie beside the repository")
def test_typed_figures_are_those_recomputed(recompute):
    """Every shipped table agrees with its source to the last typed digit."""
    for name, found in recompute.recompute(DATA).items():
        table = load_evidence()[name]
        assert tuple(entry.therapy for entry in table.entries) == found.names
        assert table.tau == pytest.approx(found.tau, abs=6e-4)
        for k, entry in enumerate(table.entries):
            assert entry.estimate == pytest.approx(found.estimate[k], abs=6e-4)
            assert entry.standard_error == pytest.approx(found.error[k], abs=6e-4)
            assert entry.trials == found.trials[entry.therapy]
            for j, other in enumerate(found.names):
                typed = table.covariance(entry.therapy, other) / (
                    table.entries[j].standard_error * entry.standard_error
                )
                assert typed == pytest.approx(found.correlation[k, j], abs=6e-3)


@pytest.mark.skipif(not (DATA / "metapsy").is_dir(), reason="the trials' results do not lie beside the repository")
def test_the_plain_pool_is_the_one_that_others_print(pools, recompute):
    """All rows of low risk of bias against care as usual, each as if a trial of its own: g 0.508, error 0.035."""
    lines = recompute._read(DATA / "metapsy" / "data.csv", ";")
    wanted = (line for line in lines if line["rob"] == "4" and line["condition_arm2"] == "cau")
    rows = [pools.Row(str(i), "all", *recompute._symptoms(line)) for i, line in enumerate(wanted)]
    found = pools.pool(rows, ["all"])
    assert (len(rows), found.estimate[0], found.error[0]) == (
        154,
        pytest.approx(0.508, abs=6e-4),
        pytest.approx(0.035, abs=6e-4),
    )


@pytest.mark.parametrize("counts", [(0, 10, 3, 10), (10, 10, 3, 10)])
def test_an_empty_cell_is_no_infinite_odds(recompute, counts):
    """A trial in which nobody, or everybody, dropped out of an arm still counts."""
    effect, error = recompute.log_odds_ratio(*counts)
    assert np.isfinite([effect, error]).all()


def test_no_two_rows_are_lost(pools):
    """Trials are counted once however many rows they bring."""
    rows = [pools.Row("t", "a", 0.1, 0.2), pools.Row("t", "a", 0.2, 0.2), pools.Row("u", "a", 0.3, 0.2)]
    assert pools.pool(rows, ["a"]).trials == {"a": 2}
