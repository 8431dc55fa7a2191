"""How many patients a second a batch is answered at, on one core, with the files told apart from the engine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.cohort import Cohort
from data_contracts.episode import Column
from data_contracts.rule import RuleSet
from data_contracts.tables import read_table, write_table
from engine.batch import joined, recommend_cohort
from engine.outcome_table import outcome_table
from engine.policy import Policy

BATCH, REPEATS = 20_000, 5
BATCH_MARK = 20_000
"""Patients a second that are asked at least."""

SECONDS = {
    "reading_s": "reading the CSV file of patients",
    "batch_s": "recommending, columns in and table out",
    "writing_s": "writing the CSV file of recommendations",
}
SPEED = "batch_patients_a_second"
PATIENTS_A_SECOND = {
    SPEED: "recommending by the primary outcome alone, columns in and table out",
    f"{SPEED}_with_outcomes": "the same with the clinic's other outcomes",
}


def time_batch(policy: Policy, rules: RuleSet, patients: pd.DataFrame) -> dict[str, Any]:
    """CPU-seconds of reading, recommending and writing, and patients a second of recommending, with errors.

    Args:
        policy, rules: by which recommendations are made.
        patients: one row a patient, columns by the names that the policy and the rules read.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder) / "patients.csv", Path(folder) / "recommendations.csv"
        patients.to_csv(given, index=False)
        columns = read_table(given).columns
        n = len(patients)
        names = np.array([f"P-{at}" for at in range(n)], dtype=object)
        cohort = Cohort(names, columns, {})
        table = _recommend_all(cohort, policy, rules)
        seconds = {
            "reading_s": _seconds(lambda: read_table(given)),
            "batch_s": _seconds(lambda: _recommend_all(cohort, policy, rules)),
            "writing_s": _seconds(lambda: write_table(table, told)),
        }
    speeds = [n / second for second in seconds["batch_s"]]
    found = {**seconds, SPEED: speeds}
    return {
        "batch_patients": n,
        **{name: mean(values) for name, values in found.items()},
        **{f"{name}_mc_error": stdev(values) / REPEATS**0.5 for name, values in found.items()},
    }


def _recommend_all(cohort: Cohort, policy: Policy, rules: RuleSet) -> dict[str, Column]:
    """The table of all patients, after that of the other outcomes was made, too, where the policy has any."""
    told = [(table, outcome_table(decision, table)) for decision, table in recommend_cohort(cohort, policy, rules)]
    return joined([table for table, _ in told])


def _seconds(call: Callable[[], object]) -> list[float]:
    """CPU-seconds of each repeat, after one to warm up."""
    call()
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return found
