"""What a graph implies: the right conditions, a test that keeps its level, and a planted arrow that is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, t

from data_contracts.dag import Dag
from data_contracts.episode import FloatArray
from data_contracts.identification import Implication

pytest.importorskip("dowhy")  # in requirements.lock; where it is missing these are counted as skipped

from estimators.implications import confront, implied

CHAIN = Dag(
    name="chain",
    version="1",
    treatment="t",
    outcome="y",
    unobserved=("u",),
    edges={"a": ("b",), "b": ("t", "y"), "t": ("y",), "u": ("b", "y")},
)


def test_the_conditions_are_those_of_the_graph() -> None:
    """Of a chain with a hidden common cause of b and y: a is independent of t given b (by t's causes); that a is
    independent of y given b and t does not hold, as b is a collider of a and u; nothing is said of what arrows join.
    """
    told = {(one.first, one.second, one.given) for one in implied(CHAIN)}
    assert told == {("t", "a", ("b",))}


def draw(n: int, seed: int, arrow: float = 0.0) -> dict[str, FloatArray]:
    """Records of the chain: three arms as two flags, b beside a level of its own; ``arrow`` is of a on the arm."""
    rng = np.random.default_rng(seed)
    a = rng.standard_t(4, size=n)
    b = 0.6 * a + rng.normal(size=n)
    lean = np.column_stack([np.zeros(n), 0.8 * b + arrow * a, -0.5 * b]) + rng.gumbel(size=(n, 3))
    arm = lean.argmax(axis=1)
    flags = (arm[:, None] == [1, 2]).astype(float)
    return {"a": a[:, None], "b": b[:, None], "t": flags, "y": (b + flags[:, 0] + rng.normal(size=n))[:, None]}


CONDITION = Implication(first="t", second="a", given=("b",))


def test_the_test_keeps_its_level() -> None:
    """400 draws of 500 in which the condition holds: with heavy tails and curved propensities: p values are
    uniform, and 5 % of them lie below 0.05 within 3 Monte Carlo errors of 0.011.
    """
    p = np.array([confront(CONDITION, draw(500, seed), np.arange(500)).p_value for seed in range(400)])
    assert abs((p < 0.05).mean() - 0.05) < 3 * 0.011
    assert kstest(p, "uniform").pvalue > 0.001


def test_a_planted_arrow_is_found() -> None:
    """An arrow of 0.8 from a to the arm, n = 1,000: the condition has p < 0.001 in each of ten draws."""
    for seed in range(10):
        assert confront(CONDITION, draw(1000, seed, arrow=0.8), np.arange(1000)).p_value < 0.001


def test_agrees_with_the_partial_correlation() -> None:
    """Of two numbers whose errors are normal the p value is that of the partial correlation's t test, to 0.02."""
    rng = np.random.default_rng(4)
    for strength in (0.0, 0.03, 0.06):
        s = rng.normal(size=3000)
        v, w = s + rng.normal(size=3000), -s + rng.normal(size=3000)
        w = w + strength * v
        design = np.column_stack([np.ones(3000), s])
        left, right = (x - design @ np.linalg.lstsq(design, x, rcond=None)[0] for x in (v, w))
        r = float(np.corrcoef(left, right)[0, 1])
        classical = 2 * t.sf(abs(r) * np.sqrt(2997 / (1 - r**2)), 2997)
        columns = {"v": v[:, None], "w": w[:, None], "s": s[:, None]}
        found = confront(Implication(first="v", second="w", given=("s",)), columns, np.arange(3000))
        assert found.correlation == pytest.approx(abs(r), abs=1e-3)
        assert found.p_value == pytest.approx(classical, abs=0.02)


def test_episodes_that_go_together_count_once() -> None:
    """Every episode twice in one cluster: the statistic is that of the single ones; as if independent it doubles."""
    single = draw(600, 1)
    double = {name: np.repeat(block, 2, axis=0) for name, block in single.items()}
    once = confront(CONDITION, single, np.arange(600)).statistic
    assert confront(CONDITION, double, np.repeat(np.arange(600), 2)).statistic == pytest.approx(once)
    assert confront(CONDITION, double, np.arange(1200)).statistic == pytest.approx(2 * once)


def test_what_cannot_be_tested_says_why() -> None:
    """A node that is no column, too few episodes with all of it, and one that the given ones determine."""
    columns = draw(500, 2)
    without = {name: block for name, block in columns.items() if name != "b"}
    assert "not among the study's columns: b" in str(confront(CONDITION, without, np.arange(500)).untested)
    lost = columns | {"a": np.where(np.arange(500)[:, None] < 95, columns["a"], np.nan)}
    assert "fewer than 100 episodes" in str(confront(CONDITION, lost, np.arange(500)).untested)
    same = columns | {"a": 2 * columns["b"] + 1}
    assert "determines" in str(confront(CONDITION, same, np.arange(500)).untested)
