"""What goes wrong on the way out of a record system: rows twice, rows of nobody, slips of the hand, empty cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

TWICE = 0.03
"""Share of rows that are exported twice."""
TWO_OF_A_DAY, EMPTY, SLIP = 0.01, 0.04, 0.003
"""Shares of PHQ-9 rows with another score on the same day, without a total, and with a number that it cannot be."""
OF_NOBODY, WITHOUT_A_DAY = 40, 25
"""Measures of patients who are not there, and of the day that the system fills in where none was given."""
FILLED_IN = "1901-01-01"


def exported(tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """The tables as they come out of the system."""
    slipped = dict(tables) | {"measures": _slips(tables["measures"], rng)}
    return {name: table if name == "patients" else _with_copies(table, rng) for name, table in slipped.items()}


def _slips(measures: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    scores = measures["measure"].isin(["PHQ-9", "44261-6"]).to_numpy()
    chance = rng.random(len(measures))
    empty = scores & (chance < EMPTY)
    slip = scores & (chance > 1 - SLIP)
    second = measures[scores & (rng.random(len(measures)) < TWO_OF_A_DAY)]
    points = second["unit"] == "{score}"
    moved = (second["value"] + rng.choice([-2, -1, 1, 2], size=len(second))).clip(0, 27)
    second = second.assign(value=moved.where(points, second["value"]))
    value = measures["value"].mask(empty).mask(slip, measures["value"] + 100)
    nobody = measures.sample(OF_NOBODY, random_state=rng)
    nobody = nobody.assign(patient_id=[f"X{number:06d}" for number in range(OF_NOBODY)])
    undated = measures.sample(WITHOUT_A_DAY, random_state=rng).assign(date=FILLED_IN)
    return pd.concat([measures.assign(value=value), second, nobody, undated], ignore_index=True)


def _with_copies(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    copies = table[rng.random(len(table)) < TWICE]
    return pd.concat([table, copies]).sort_values(list(table.columns[:3]), kind="stable", ignore_index=True)
