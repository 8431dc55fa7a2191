"""The lint of all trial evidence that is part of this package: known therapies, sources, plausible figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from data_contracts.errors import Problem
from data_contracts.therapy import load_therapies
from data_contracts.trial_evidence import EvidenceTable, TrialEntry

LARGEST_EFFECT, LARGEST_ERROR, LARGEST_TAU = 1.5, 0.6, 0.8
"""Standard deviations. No pool of treatments for depression against usual care or placebo is known to lie beyond."""

FEWEST_TRIALS = 3
"""Trials below which there is no pool to speak of."""


def evidence_problems(tables: Iterable[EvidenceTable]) -> list[Problem]:
    """What is wrong with evidence that its schema alone cannot see."""
    return [problem for table in tables for problem in _table_problems(table)]


def _table_problems(table: EvidenceTable) -> Iterator[Problem]:
    where = f"{table.name}.yaml"
    if table.verified and "recalled" in f"{table.source} {table.how}".lower():
        yield Problem(f"{where}, verified", "false", "true", "What is recalled was not read.")
    if table.tau * table.in_sd > LARGEST_TAU:
        yield Problem(f"{where}, tau", f"at most {LARGEST_TAU} SD", "more", "Compare it with its source.")
    if table.outcome == "symptoms" and table.scale != "hedges_g":
        yield Problem(f"{where}, scale", "hedges_g for symptoms", table.scale, "Convert it, and say so in `how`.")
    names = [entry.therapy for entry in table.entries]
    if np.linalg.eigvalsh([[table.covariance(one, other) for other in names] for one in names]).min() <= 0:
        yield Problem(f"{where}, correlations", "those of estimates that can occur together", "others", "Recompute.")
    for entry in table.entries:
        yield from _entry_problems(table, entry, f"{where}, entry {entry.therapy}")


def _entry_problems(table: EvidenceTable, entry: TrialEntry, where: str) -> Iterator[Problem]:
    if entry.therapy not in load_therapies():
        yield Problem(f"{where}, therapy", "a key of the therapy catalogue", "another", "See therapies.yaml.")
    for key, value, limit in (
        ("estimate", abs(entry.estimate) * table.in_sd, LARGEST_EFFECT),
        ("standard_error", entry.standard_error * table.in_sd, LARGEST_ERROR),
    ):
        if value > limit:
            yield Problem(f"{where}, {key}", f"at most {limit} SD", "more", "Compare it with its source.")
    if entry.trials < FEWEST_TRIALS:
        expected = f"at least {FEWEST_TRIALS}"
        yield Problem(f"{where}, trials", expected, str(entry.trials), "Leave the therapy out until there are more.")
