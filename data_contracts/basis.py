"""The fixed basis of served effects: linear terms, smooth bumps and products of pairs. It stores no patient."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat, model_validator

from data_contracts.episode import FloatArray, IntArray

HOLD = 2.5
"""Standard deviations at which columns are held inside products."""

KINDS = 5
"""Kinds of terms: linear, bumps, products, products of soft signs, products of a soft sign and a bend."""

BEND = 0.4
"""Standard deviations from its mean within which a column changes its soft sign, tanh(z / BEND)."""


class Basis(BaseModel):
    """Terms φ(z) of standardised modifiers z.

    Every column itself, then bumps exp(-½((z - centre) / width)²), then products of two columns, each held at ±2.5 so
    that no extreme patient rules a product, then products of two columns' soft signs, which see steps and corners,
    then those of one column's soft sign and the other's bend exp(-½z²), which see a difference that holds only in the
    middle of the other column, or turns there. Bumps may also be made from the index, a weighted sum of the columns,
    which counts as one more column, number p.

    Attributes:
        columns: number p of matrix columns that the terms are made from.
        bump_column: for each bump, the column it is made from.
        bump_centre, bump_width: of each bump, in standard deviations of its column.
        index: weight of each column in the index; none without one.
        pairs: for each product, its two columns.
        sign_pairs: the same for each product of soft signs.
        bend_pairs: for each product of a soft sign and a bend, the column of the sign and that of the bend.
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
        if any(not 0 <= column < limit for made_from, limit in known.values() for column in made_from):
            raise ValueError("a term is made from a column that there is not")
        if min((*self.bump_width, *self.scale), default=1.0) <= 0:
            raise ValueError("widths and scales are above 0")
        return self

    @property
    def terms(self) -> int:
        """Number P of terms."""
        return self.columns + len(self.bump_column) + len(self.pairs) + len(self.sign_pairs) + len(self.bend_pairs)

    @cached_property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """For each term, the column or two it is made from, a pair in the same order; the index is column p."""
        alone = (*range(self.columns), *self.bump_column)
        bends = ((min(pair), max(pair)) for pair in self.bend_pairs)
        return (*((column,) for column in alone), *self.pairs, *self.sign_pairs, *bends)

    @cached_property
    def kind(self) -> IntArray:
        """(P,) 0 for linear terms, 1 for bumps, 2 for products, 3 for those of soft signs, 4 for a sign and a bend."""
        counts = (self.columns, len(self.bump_column), len(self.pairs), len(self.sign_pairs), len(self.bend_pairs))
        return np.repeat(np.arange(KINDS), counts)

    @cached_property
    def shares(self) -> FloatArray:
        """(P, p) share of each term that is each column's: a product's is halved, the index's goes by its weights."""
        columns = np.eye(self.columns)
        if self.index:
            size = np.abs(self.index)
            columns = np.vstack([columns, size / max(size.sum(), 1e-300)])
        return np.array([columns[list(source)].mean(axis=0) for source in self.sources]).reshape(-1, self.columns)

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
        np.exp(-0.5 * modifiers**2, out=bends)
        terms = np.empty((*modifiers.shape[:-1], len(middle)))
        terms[..., :p] = modifiers
        np.exp(-0.5 * bumps**2, out=terms[..., p:products])
        np.multiply(factors.take(first, axis=-1), factors.take(second, axis=-1), out=terms[..., products:])
        terms -= middle
        terms /= scale
        return terms
