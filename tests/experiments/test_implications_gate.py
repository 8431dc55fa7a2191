"""The gate on what a graph implies: wrong graphs fail it, the right one hardly ever, and small things never."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from data_contracts.dag import Dag
from data_contracts.gate import Gate
from data_contracts.gate_marks import GateMarks
from data_contracts.identification import Identification, Implication
from estimators.holm import holm
from experiments.identification_gates import implications_gate

pytest.importorskip("dowhy")  # in requirements.lock; where it is missing these are counted as skipped

from estimators.implications import confront, implied

N, MARKS = 600, GateMarks()
EDGES = {"a": ("b", "t", "y"), "b": ("t",), "c": ("y", "t"), "d": ("y",), "t": ("y",)}


def judged(edges: dict[str, tuple[str, ...]], seed: int, into_arm: float) -> Gate:
    """The gate of a graph on records in which a, b and c drive the arm, c by as much as is said."""
    rng = np.random.default_rng(seed)
    a, c, d = rng.normal(size=(3, N))
    b = 0.5 * a + rng.normal(size=N)
    lean = np.column_stack([np.zeros(N), 0.6 * a + 0.4 * b + into_arm * c, -0.4 * a]) + rng.gumbel(size=(N, 3))
    arm = lean.argmax(axis=1)
    y = a + 0.5 * c + 0.5 * d + (arm == 1) + rng.normal(size=N)
    columns = {"t": (arm[:, None] == [1, 2]).astype(float)}
    columns |= {name: values[:, None] for name, values in (("a", a), ("b", b), ("c", c), ("d", d), ("y", y))}
    dag = Dag(name="drawn", version="1", treatment="t", outcome="y", edges=edges)
    return implications_gate(identification([confront(one, columns, np.arange(N)) for one in implied(dag)]), MARKS)


def identification(found: list[Implication]) -> Identification:
    """A graph with these implications."""
    return Identification(dag="drawn", version="1", sha256="", treatment="t", outcome="y", adjusted=(), maximal=(),
                          unobserved=(), flags=(), implications=tuple(found))  # fmt: skip


def test_the_right_graph_fails_as_seldom_as_promised() -> None:
    """200 draws: at most 5 % fail, within 3 Monte Carlo errors of 0.015."""
    failed = sum(judged(EDGES, seed, 0.7).state == "failed" for seed in range(200))
    assert failed / 200 <= 0.05 + 3 * 0.015


@pytest.mark.parametrize("left_out", ["a", "c"])
def test_a_graph_without_a_true_arrow_into_the_arm_fails(left_out: str) -> None:
    """In each of 20 draws, and the pair is named."""
    wrong = EDGES | {left_out: tuple(effect for effect in EDGES[left_out] if effect != "t")}
    for seed in range(20):
        gate = judged(wrong, seed, 1.0)
        assert gate.state == "failed"
        assert left_out in gate.sentence
        assert "contradict" in gate.sentence


def test_what_is_sure_but_small_fails_nothing_and_neither_does_what_is_large_by_chance() -> None:
    """Both are asked: p below the mark with all tested together, and a correlation above the mark."""

    def one(correlation: float, p: float) -> Implication:
        return Implication(first="a", second="b", given=(), correlation=correlation, statistic=1, degrees=1, p_value=p)

    assert implications_gate(identification([one(0.05, 1e-30)]), MARKS).state == "passed"
    assert implications_gate(identification([one(0.40, 0.2)]), MARKS).state == "passed"
    assert implications_gate(identification([one(0.40, 0.02)] + [one(0.0, 0.5)] * 9), MARKS).state == "passed"
    assert implications_gate(identification([one(0.40, 0.002)] + [one(0.0, 0.5)] * 9), MARKS).state == "failed"


def test_without_anything_tested_nothing_is_assessed() -> None:
    """No graph, and one whose implications could not be tested."""
    untested = Implication(first="a", second="b", given=(), untested="not among the study's columns: a")
    for found in (None, identification([untested])):
        assert implications_gate(found, MARKS).state == "not_assessed"


@pytest.mark.parametrize("tests", [1, 2, 12])
def test_holm_is_that_of_statsmodels(tests: int) -> None:
    """Adjusted p values of two programs agree, ties among them."""
    rng = np.random.default_rng(tests)
    for _ in range(2):  # each call of statsmodels collects all garbage, which takes long
        p = np.round(rng.random(tests) ** 3, 2)
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
