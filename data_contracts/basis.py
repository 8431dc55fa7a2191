"""The fixed basis of served effects: linear terms, smooth bumps, products of pairs and waves. It stores no patient."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from data_contracts.episode import FloatArray, IntArray

HOLD = 2.5
"""Standard deviations at which columns are held inside products and waves."""

KINDS = 6
"""Kinds of terms: linear, bumps, products, products of soft signs, products of a soft sign and a bend, waves."""

WAVE = KINDS - 1
"""The kind of waves."""

FASTEST, MOST_WAVES = 8.0, 1_000
"""Largest size of a wave's weight, radians in a standard deviation: a faster one would tell patients apart whom no
records can; and how many waves there may be.
"""

BEND = 0.4
"""Standard deviations from its mean within which a column changes its soft sign, tanh(z / BEND)."""


class Basis(BaseModel):
    """Terms φ(z) of standardised modifiers z.

    Every column itself, then bumps exp(-½((z - centre) / width)²), then products of two columns, each held at ±2.5 so
    that no extreme patient rules a product, then products of two columns' soft signs, which see steps and corners,
    then those of one column's soft sign and the other's bend exp(-½z²), which see a difference that holds only in the
    middle of the other column, or turns there, and last waves cos(Σ_j ω_j z_j + phase) over a few columns, each held
    at ±2.5, which see what these columns do together. Bumps may also be made from the index, a weighted sum of the
    columns, which counts as one more column, number p.

    Attributes:
        columns: number p of matrix columns that the terms are made from.
        bump_column: for each bump, the column it is made from.
        bump_centre, bump_width: of each bump, in standard deviations of its column.
        index: weight of each column in the index; none without one.
        pairs: for each product, its two columns.
        sign_pairs: the same for each product of soft signs.
        bend_pairs: for each product of a soft sign and a bend, the column of the sign and that of the bend.
        wave_columns: the few columns that all waves are made from.
        wave_weights: for each wave, the weight ω of each of these, radians in a standard deviation.
        wave_phase: of each wave, radians.
        centre, scale: of each term over the study's episodes, so that terms have mean 0 and standard deviation 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: int
    bump_column: tuple[int, ...] = ()
    bump_centre: tuple[FiniteFloat, ...] = ()
    bump_width: tuple[FiniteFloat, ...] = ()
    index: tuple[FiniteFloat, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    sign_pairs: tuple[tuple[int, int], ...] = ()
    bend_pairs: tuple[tuple[int, int], ...] = ()
    wave_columns: tuple[int, ...] = ()
    wave_weights: tuple[tuple[FiniteFloat, ...], ...] = ()
    wave_phase: tuple[FiniteFloat, ...] = ()
    centre: tuple[FiniteFloat, ...]
    scale: tuple[FiniteFloat, ...]

    @model_validator(mode="after")
    def _check_lengths(self) -> Basis:
        bumps, terms = {len(self.bump_column), len(self.bump_centre), len(self.bump_width)}, self.terms
        if bumps != {len(self.bump_column)} or {len(self.centre), len(self.scale)} != {terms}:
            raise ValueError(
                "a basis names a column, centre and width for each bump, and a centre and scale for each term"
            )
        if len(self.index) not in {0, self.columns}:
            raise ValueError("an index names a weight for each column")
        known = {"a bump": (self.bump_column, self.columns + bool(self.index))}
        pairs = (*self.pairs, *self.sign_pairs, *self.bend_pairs)
        known["a product"] = (tuple(j for pair in pairs for j in pair), self.columns)
        known["a wave"] = (self.wave_columns, self.columns)
        if any(not 0 <= column < limit for made_from, limit in known.values() for column in made_from):
            raise ValueError("a term is made from a column that there is not")
        if min((*self.bump_width, *self.scale), default=1.0) <= 0:
            raise ValueError("widths and scales are above 0")
        self._check_waves()
        return self

    def _check_waves(self) -> None:
        made_from, count = self.wave_columns, len(self.wave_phase)
        if {len(weights) for weights in self.wave_weights} | {len(made_from)} != {len(made_from)}:
            raise ValueError("a wave has a weight for each column that waves are made from")
        if len(self.wave_weights) != count or bool(made_from) != bool(count) or len(set(made_from)) < len(made_from):
            raise ValueError("waves have a phase each, and are made from columns that differ")
        if max((abs(weight) for weights in self.wave_weights for weight in weights), default=0.0) > FASTEST:
            raise ValueError(f"a wave's weights are {FASTEST:g} at most, either way")
        if count > MOST_WAVES or not all(0 <= phase <= 2 * np.pi for phase in self.wave_phase):
            raise ValueError(f"there are {MOST_WAVES} waves at most, with phases from 0 to 2 pi")

    @model_serializer(mode="wrap")
    def _without_what_is_none(self, told: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A basis without waves is written as it was before there were any."""
        found: dict[str, Any] = told(self)
        return found if self.wave_phase else {name: x for name, x in found.items() if not name.startswith("wave_")}

    @property
    def terms(self) -> int:
        """Number P of terms."""
        return sum(self._counts)

    @property
    def _counts(self) -> tuple[int, ...]:
        """Number of terms of each kind."""
        products = (len(self.pairs), len(self.sign_pairs), len(self.bend_pairs))
        return (self.columns, len(self.bump_column), *products, len(self.wave_phase))

    @property
    def plain(self) -> Basis:
        """The same without waves: its terms are the first of these, unchanged."""
        if not self.wave_phase:
            return self
        kept = self.terms - len(self.wave_phase)
        bare = {"wave_columns": (), "wave_weights": (), "wave_phase": ()}
        return Basis(**{**self.model_dump(), **bare, "centre": self.centre[:kept], "scale": self.scale[:kept]})

    @cached_property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """For each term, the columns it is made from, a pair in the same order; the index is column p."""
        alone = (*range(self.columns), *self.bump_column)
        bends = ((min(pair), max(pair)) for pair in self.bend_pairs)
        waves = [self.wave_columns] * len(self.wave_phase)
        return (*((column,) for column in alone), *self.pairs, *self.sign_pairs, *bends, *waves)

    @cached_property
    def kind(self) -> IntArray:
        """(P,) 0 for linear terms, 1 for bumps, 2 to 4 for products as above, 5 for waves."""
        return np.repeat(np.arange(KINDS), self._counts)

    @cached_property
    def shares(self) -> FloatArray:
        """(P, p) share of each term that is each column's: half of a product; index and waves go by weights."""
        columns = np.eye(self.columns)
        if self.index:
            size = np.abs(self.index)
            columns = np.vstack([columns, size / max(size.sum(), 1e-300)])
        of_terms = np.array([columns[list(source)].mean(axis=0) for source in self.sources]).reshape(-1, self.columns)
        if self.wave_phase:
            size = np.abs(self._waves[1]) + 1e-300
            of_terms[-len(size) :, self._waves[0]] = size / size.sum(axis=1, keepdims=True)
        return of_terms

    @cached_property
    def _index(self) -> FloatArray:
        return np.asarray(self.index)

    @cached_property
    def _bumps(self) -> tuple[IntArray, FloatArray, FloatArray]:
        column = np.asarray(self.bump_column, dtype=np.int64)
        return column, np.asarray(self.bump_centre), np.asarray(self.bump_width)

    @cached_property
    def _factors(self) -> tuple[IntArray, IntArray]:
        """The two factors of each product: places among the columns held, then their soft signs, then their bends."""
        p, kinds = self.columns, (self.pairs, self.sign_pairs, self.bend_pairs)
        starts = np.repeat([[0, 0], [p, p], [p, 2 * p]], [len(pairs) for pairs in kinds], axis=0)
        first, second = (np.asarray(sum(kinds, ()), dtype=np.int64).reshape(-1, 2) + starts).T
        return first, second

    @cached_property
    def _waves(self) -> tuple[IntArray, FloatArray, FloatArray]:
        columns = np.asarray(self.wave_columns, dtype=np.int64)
        return columns, np.asarray(self.wave_weights), np.asarray(self.wave_phase)

    @cached_property
    def _standard(self) -> tuple[FloatArray, FloatArray]:
        return np.asarray(self.centre), np.asarray(self.scale)

    def expand(self, modifiers: FloatArray) -> FloatArray:
        """(..., p) standardised modifiers to (..., P) terms."""
        column, centre, width = self._bumps
        first, second = self._factors
        middle, scale = self._standard
        p, products = self.columns, self.columns + len(column)
        wide = modifiers
        if self.index:  # vecdot: the same to the last bit for one patient as for many
            wide = np.concatenate([modifiers, np.vecdot(modifiers, self._index)[..., None]], axis=-1)
        bumps = wide.take(column, axis=-1)
        bumps -= centre
        bumps /= width
        factors = np.empty((*modifiers.shape[:-1], 3 * p))
        held, signs, bends = factors[..., :p], factors[..., p : 2 * p], factors[..., 2 * p :]
        np.minimum(np.maximum(modifiers, -HOLD), HOLD, out=held)
        np.tanh(modifiers / BEND, out=signs)
        with np.errstate(over="ignore"):  # far from everybody the bend is 0
            np.exp(-0.5 * modifiers**2, out=bends)
        waves = len(middle) - len(self.wave_phase)
        terms = np.empty((*modifiers.shape[:-1], len(middle)))
        terms[..., :p] = modifiers
        np.exp(-0.5 * bumps**2, out=terms[..., p:products])
        np.multiply(factors.take(first, axis=-1), factors.take(second, axis=-1), out=terms[..., products:waves])
        if self.wave_phase:  # vecdot, as above
            columns, weights, phase = self._waves
            np.cos(np.vecdot(held[..., None, columns], weights) + phase, out=terms[..., waves:])
        terms -= middle
        terms /= scale
        return terms
