"""What outcome regressions say of effects: their differences between arms, without each fold in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_contracts.episode import FloatArray


@dataclass(frozen=True)
class Taught:
    """A study's outcome regressions as teachers of effects.

    Attributes:
        expected: (F, n, K) outcomes expected at every episode, benefit scale; those of a fold by regressions that saw
            no outcome of it.
        lengths: (F, K, q) length-scales of the covariates in each fold's and arm's process, in their standard
            deviations.
    """

    expected: FloatArray
    lengths: FloatArray

    def of_first(self, columns: int) -> Taught:
        """The same with length-scales of the first columns alone: those that effects may vary with."""
        return replace(self, lengths=self.lengths[:, :, :columns])

    def in_units(self, centre: float, scale: float) -> Taught:
        """The same of outcomes that were standardised by this centre and scale, in outcome units."""
        return replace(self, expected=self.expected * scale + centre)

    def effects(self, fold: int) -> FloatArray:
        """(n, K) effects against the reference, without a fold."""
        return np.asarray(self.expected[fold] - self.expected[fold][:, :1])

    @property
    def together(self) -> FloatArray:
        """(n, K) mean over the folds of their effects."""
        middle = self.expected.mean(axis=0)
        return np.asarray(middle - middle[:, :1])
