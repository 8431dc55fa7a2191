"""How named values become the columns of a matrix: the same arithmetic when learning and when serving."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from data_contracts.episode import Column, FloatArray

MISSING_LEVEL = "(missing)"


class Feature(BaseModel):
    """One covariate: what values it took in the records and how it is put into numbers.

    Attributes:
        name: column name.
        kind: numeric (one column) or categorical (one column for each level after the first).
        levels: levels seen in at least 11 patients, most frequent first; MISSING_LEVEL may be one.
        lower, upper: numeric support, estimated from those of the 11 most extreme patients on each side.
        fill: what stands in for a missing number.
        missing_indicator: whether an extra column says that the number is missing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["numeric", "categorical"]
    levels: tuple[str, ...] = ()
    lower: float = 0.0
    upper: float = 0.0
    fill: float = 0.0
    missing_indicator: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the matrix columns it fills."""
        if self.kind == "categorical":
            return tuple(f"{self.name}={level}" for level in self.levels[1:])
        return (self.name, f"{self.name} missing") if self.missing_indicator else (self.name,)

    def encode(self, values: Column) -> FloatArray:
        """(n,) values to (n, columns), neither centred nor scaled."""
        if self.kind == "categorical":
            named = np.where(values == None, MISSING_LEVEL, values)  # noqa: E711 - elementwise
            flags = [(named == level).astype(np.float64) for level in self.levels[1:]]
            return np.stack(flags, axis=-1) if flags else np.empty((len(values), 0))
        missing = np.isnan(values)
        filled = np.where(missing, self.fill, values)
        if not self.missing_indicator:
            return np.asarray(filled, dtype=np.float64)[:, None]
        return np.stack([filled, missing.astype(np.float64)], axis=-1)

    def place(self, value: float | str | None) -> tuple[float, ...]:
        """One value to its columns, as ``encode`` does with many; None is missing."""
        if self.kind == "categorical":
            level = MISSING_LEVEL if value is None else value
            return self._flags.get(str(level), self._no_flag)
        number = self.fill if value is None else float(value)
        return (number, float(value is None)) if self.missing_indicator else (number,)

    @cached_property
    def _flags(self) -> Mapping[str, tuple[float, ...]]:
        return {level: tuple(float(level == other) for other in self.levels[1:]) for level in self.levels}

    @cached_property
    def _no_flag(self) -> tuple[float, ...]:
        return (0.0,) * len(self.levels[1:])


class Encoding(BaseModel):
    """Features in the order of the matrix, with the centre and scale of each column.

    Attributes:
        features: the covariates; columns follow their order.
        centre, scale: of each matrix column over the study's episodes; encoded = (raw - centre) / scale.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: tuple[Feature, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the matrix columns."""
        return tuple(column for feature in self.features for column in feature.columns)

    def columns_of(self, names: Collection[str]) -> int:
        """How many matrix columns the first ``len(names)`` features, which must be the named ones, fill.

        Raises:
            ValueError: the first features are others.
        """
        first = self.features[: len(names)]
        if tuple(feature.name for feature in first) != tuple(names):
            raise ValueError(f"the first features of the encoding are not {', '.join(names)}")
        return sum(len(feature.columns) for feature in first)

    @cached_property
    def owner(self) -> tuple[int, ...]:
        """For each matrix column, the position of the feature it belongs to."""
        return tuple(i for i, feature in enumerate(self.features) for _ in feature.columns)

    @cached_property
    def _standard(self) -> tuple[FloatArray, FloatArray]:
        return np.asarray(self.centre), np.asarray(self.scale)

    def encode(self, columns: Mapping[str, Column]) -> FloatArray:
        """Bind columns by name and return the (n, p) standardised matrix; extra columns are ignored."""
        raw = [feature.encode(columns[feature.name]) for feature in self.features]
        return self.standardise(np.concatenate(raw, axis=1))

    def standardise(self, raw: FloatArray) -> FloatArray:
        """The matrix from its (n, p) columns as ``Feature.encode`` and ``Feature.place`` give them; made in place."""
        centre, scale = self._standard
        raw -= centre
        raw /= scale
        return raw
