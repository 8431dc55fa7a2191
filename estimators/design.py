"""Learns how covariates are put into numbers, without keeping any patient's value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.column_checks import MINIMUM_CELL as MINIMUM_CELL  # noqa: PLC0414 - offered here too
from data_contracts.encoding import MISSING_LEVEL, Encoding, Feature
from data_contracts.episode import Column, FloatArray
from data_contracts.instrument_name import instrument_for


def learn_encoding(columns: Mapping[str, Column], names: Sequence[str]) -> Encoding:
    """Encoding of the named columns, standardised over the given episodes."""
    features = tuple(_learn_feature(name, columns[name]) for name in names)
    raw = np.concatenate([feature.encode(columns[feature.name]) for feature in features], axis=1)
    scale = raw.std(axis=0)
    return Encoding(
        features=features,
        centre=tuple(raw.mean(axis=0).tolist()),
        scale=tuple(np.where(scale > 0, scale, 1.0).tolist()),
    )


def _learn_feature(name: str, column: Column) -> Feature:
    if column.dtype == object:
        return Feature(name=name, kind="categorical", levels=_levels(column))
    present = np.sort(column[~np.isnan(column)])
    lower, upper = _support(name, present)
    missing = int(np.isnan(column).sum())
    return Feature(
        name=name,
        kind="numeric",
        lower=lower,
        upper=upper,
        fill=_middle(present),
        missing_indicator=missing >= MINIMUM_CELL,
    )


def _middle(present: FloatArray) -> float:
    """Mean of the 11 values around the median: the median itself may be one patient's."""
    around = len(present) // 2
    reach = MINIMUM_CELL // 2
    return float(present[max(around - reach, 0) : around + reach + 1].mean())


def _levels(column: Column) -> tuple[str, ...]:
    """Levels with enough episodes, the most frequent first; rarer ones count as never seen."""
    counts = Counter(column.tolist())
    counts[MISSING_LEVEL] += counts.pop(None, 0)
    kept = [level for level, count in counts.items() if count >= MINIMUM_CELL]
    by_count = sorted(kept, key=lambda level: (level == MISSING_LEVEL, -counts[level], level))
    return tuple(by_count) or (counts.most_common(1)[0][0],)


def _support(name: str, present: FloatArray) -> tuple[float, float]:
    """Smallest and largest value, each estimated from the 11 most extreme so that none is one patient's.

    With a locally even spread the mean of the 11 lowest lies half way between the lowest and the 11th.
    """
    k = min(MINIMUM_CELL, len(present))
    lower = 2 * present[:k].mean() - present[k - 1]
    upper = 2 * present[-k:].mean() - present[-k]
    instrument = instrument_for(name)
    if instrument is not None:
        lower, upper = max(lower, instrument.minimum), min(upper, instrument.maximum)
    return float(lower), float(upper)
