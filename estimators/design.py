"""Learns how covariates are put into numbers, without keeping any patient's value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.encoding import MISSING_LEVEL, Encoding, Feature
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.instrument_name import instrument_for
from data_contracts.patient_count import MINIMUM_CELL, count_patients, each_its_own
from estimators.patient_cells import first_enough, mean_around


def learn_encoding(columns: Mapping[str, Column], names: Sequence[str], patient: IntArray | None = None) -> Encoding:
    """Encoding of the named columns, standardised over the given episodes.

    Args:
        columns: (n,) each, by name.
        names: those that are encoded.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    whose = each_its_own(len(columns[names[0]])) if patient is None else patient
    features = tuple(_learn_feature(name, columns[name], whose) for name in names)
    raw = np.concatenate([feature.encode(columns[feature.name]) for feature in features], axis=1)
    scale = raw.std(axis=0)
    return Encoding(
        features=features,
        centre=tuple(raw.mean(axis=0).tolist()),
        scale=tuple(np.where(scale > 0, scale, 1.0).tolist()),
    )


def _learn_feature(name: str, column: Column, patient: IntArray) -> Feature:
    if column.dtype == object:
        return Feature(name=name, kind="categorical", levels=_levels(column, patient))
    order = np.argsort(column, kind="stable")[: int((~np.isnan(column)).sum())]
    present, whose = column[order], patient[order]
    lower, upper = _support(name, present, whose)
    missing = count_patients(patient[np.isnan(column)])
    return Feature(
        name=name,
        kind="numeric",
        lower=lower,
        upper=upper,
        fill=mean_around(present, whose, len(present) // 2),
        missing_indicator=missing >= MINIMUM_CELL,
    )


def _levels(column: Column, patient: IntArray) -> tuple[str, ...]:
    """Levels with enough patients, the most frequent first; rarer ones count as never seen."""
    named = np.array([MISSING_LEVEL if level is None else level for level in column.tolist()], dtype=object)
    counts = Counter(named.tolist())
    kept = [level for level in counts if count_patients(patient[named == level]) >= MINIMUM_CELL]
    by_count = sorted(kept, key=lambda level: (level == MISSING_LEVEL, -counts[level], level))
    return tuple(by_count) or (counts.most_common(1)[0][0],)


def _support(name: str, present: FloatArray, patient: IntArray) -> tuple[float, float]:
    """Smallest and largest value, each estimated from those of the 11 most extreme patients so that none is one's own.

    With a locally even spread the mean of the 11 lowest lies half way between the lowest and the 11th.
    """
    low, high = first_enough(patient), first_enough(patient[::-1])
    lower = 2 * present[:low].mean() - present[low - 1]
    upper = 2 * present[-high:].mean() - present[-high]
    instrument = instrument_for(name)
    if instrument is not None:
        lower, upper = max(lower, instrument.minimum), min(upper, instrument.maximum)
    return float(lower), float(upper)
