"""What the scores in between would change: patients lost taken as those who stayed with the same course until then.

A second computation, beside the study's own: one regression a visit, backwards, the outcome on all scores before it,
its predictions on the scores before those, and so on to the start (Bang and Robins 2005, Biometrics 61:962). Like the
study's it needs outcomes to be missing at random given the course; unlike it, straight lines.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from data_contracts.episode import FloatArray
from data_contracts.patient_count import MINIMUM_CELL
from experiments.studies.beat_the_blues.records import VISITS, beat_the_blues

DRAWS, SEED = 400, 1
"""Of the bootstrap that gives the standard error."""


def history_lines() -> Iterator[str]:
    """The benefit at each visit by regressions on the course, and how those lost were before they were lost."""
    trial = beat_the_blues()
    yield "What it would be if those lost are taken as those who stayed with the same BDI until then, and not only"
    yield "with the same at the start (a regression a visit; errors by bootstrap):"
    yield ""
    yield "| outcome | benefit of ccbt | standard error |"
    yield "| --- | --- | --- |"
    for visit, column in enumerate(VISITS):
        yield f"| {column} | {benefit(trial, visit):+.2f} BDI points | {_error(trial, visit):.2f} |"
    yield ""
    for before, after in zip(list(VISITS)[:-1], list(VISITS)[1:], strict=True):
        seen = trial[trial[before].notna()]
        lost = seen[after].isna()
        if min(lost.sum(), (~lost).sum()) >= MINIMUM_CELL:
            gap = seen.loc[lost, before].mean() - seen.loc[~lost, before].mean()
            yield f"* Those lost after {before} were {gap:.1f} points worse there than those who stayed."


def benefit(trial: pd.DataFrame, visit: int) -> float:
    """Points by which cCBT is better at a visit (0 for the first), had everybody stayed.

    Args:
        trial: as ``beat_the_blues`` gives it, or rows of it.
        visit: place in ``VISITS``.
    """
    start = np.column_stack(
        [
            np.ones(len(trial)),
            trial["therapy"] == "ccbt",
            trial["bdi_pre"],
            trial["drug"] == "yes",
            trial["length"] == ">6m",
        ]
    ).astype(float)
    scores = trial[list(VISITS)].to_numpy(dtype=float)
    wanted: FloatArray = scores[:, visit]
    for known in range(visit, -1, -1):
        given = np.column_stack([start, scores[:, :known]])
        use, can = ~np.isnan(wanted), ~np.isnan(given).any(axis=1)
        coefficients = np.linalg.lstsq(given[use], wanted[use], rcond=None)[0]
        wanted = np.full(len(trial), np.nan)
        wanted[can] = given[can] @ coefficients
    return -float(coefficients[1])


def _error(trial: pd.DataFrame, visit: int) -> float:
    rng = np.random.default_rng(SEED)
    draws = [benefit(trial.iloc[rng.integers(len(trial), size=len(trial))], visit) for _ in range(DRAWS)]
    return float(np.std(draws, ddof=1))
