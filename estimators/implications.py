"""What a causal graph implies that records can contradict: local Markov conditions, one by one, each with its test.

A node is independent of each node that it does not cause and is not directly caused by, given its direct causes
(Pearl 1988). Of these conditions only those among recorded nodes can be looked at, and of a node with an unrecorded
cause only those that hold given the recorded ones (d-separation in the whole graph).

The test is the generalised covariance measure (Shah and Peters 2020, Annals of Statistics 48:1514): both nodes'
columns less what a regression on the given ones explains, and whether the mean of their products is zero, with
clustered errors. The regressions are cubic in measured columns. Of two numbers it is the test of a partial
correlation, normal or not. It sees no dependence without a linear trace, and takes a curve that the regressions miss
for one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import chi2

from data_contracts.dag import Dag
from data_contracts.episode import FloatArray, IntArray
from data_contracts.identification import Implication
from estimators.identification import graph_of, separated

FEWEST = 100
"""Episodes, and ten for each product of columns, below which a condition is not tested."""

MEASURED = 7
"""Distinct values from which a column counts as measured."""

FLAT = 1e-10
"""Share of a column's variance below which the regressions explain all of it."""


def implied(dag: Dag) -> tuple[Implication, ...]:
    """Every local Markov condition among recorded nodes, each pair of nodes once, not yet tested."""
    graph, found = graph_of(dag), {}
    for first in sorted(dag.observed):
        given = sorted(dag.parents[first] & dag.observed)
        for second in sorted(dag.observed - {first} - dag.parents[first]):
            apart = first not in dag.parents[second] and frozenset((first, second)) not in found
            if apart and separated(graph, first, second, given):
                found[frozenset((first, second))] = Implication(first=first, second=second, given=tuple(given))
    return tuple(found.values())


def confront(one: Implication, columns: Mapping[str, FloatArray], cluster: IntArray) -> Implication:
    """The condition with its test.

    Args:
        columns: (n, p) columns of each node that the records hold, NaN where not observed.
        cluster: (n,) codes of episodes that go together.
    """
    unknown = [name for name in (one.first, one.second, *one.given) if name not in columns]
    if unknown:
        return one.model_copy(update={"untested": f"not among the study's columns: {', '.join(unknown)}"})
    first, second = columns[one.first], columns[one.second]
    given = _curves(np.column_stack([np.ones(len(first)), *(columns[name] for name in one.given)]))
    seen = ~np.isnan(np.column_stack([first, second, given])).any(axis=1)
    left, right = (_residual(block[seen], given[seen]) for block in (first, second))
    needed = max(FEWEST, 10 * left.shape[1] * right.shape[1])
    if seen.sum() < needed:
        return one.model_copy(update={"untested": f"fewer than {needed} episodes have all of it"})
    if left.shape[1] == 0 or right.shape[1] == 0:
        return one.model_copy(update={"untested": "what is given determines one of them in these records"})
    statistic, degrees = _covariance_measure(left, right, cluster[seen])
    return one.model_copy(
        update={
            "correlation": float(np.abs(left.T @ right / len(left)).max()),
            "statistic": statistic,
            "degrees": degrees,
            "p_value": float(chi2.sf(statistic, degrees)),
        }
    )


def _curves(given: FloatArray) -> FloatArray:
    """The given columns, the constant first, with square and cube of those that are measured, held within ±3 SD."""
    z = given[:, 1:] - np.nanmean(given[:, 1:], axis=0)
    z = np.clip(z / np.maximum(np.nanstd(z, axis=0), 1e-12), -3, 3)
    measured = z[:, [len(np.unique(column[~np.isnan(column)])) >= MEASURED for column in z.T]]
    return np.column_stack([given, measured**2, measured**3])


def _residual(block: FloatArray, given: FloatArray) -> FloatArray:
    """(n, p) columns less their linear regression, in standard deviations; those explained in full are left out."""
    residual = block - given @ np.linalg.lstsq(given, block, rcond=None)[0]
    size = residual.std(axis=0)
    varies = size**2 > FLAT * np.maximum(block.var(axis=0), 1e-300)
    return np.asarray(residual[:, varies] / size[varies], dtype=np.float64)


def _covariance_measure(left: FloatArray, right: FloatArray, cluster: IntArray) -> tuple[float, int]:
    """The quadratic form of the mean products in their clustered covariance, and its degrees of freedom."""
    products = (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)
    mean = products.mean(axis=0)
    around = products - mean
    sums = np.zeros((int(cluster.max()) + 1, products.shape[1]))
    np.add.at(sums, cluster, around)
    covariance = sums.T @ sums / len(left) ** 2
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * values.max()
    along = vectors[:, kept].T @ mean
    return float((along**2 / values[kept]).sum()), int(kept.sum())
