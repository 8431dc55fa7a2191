"""What can matter to a patient side by side, so that what no patient's values change is worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from engine.attribute import Attribute


@dataclass(frozen=True)
class AttributeTable:
    """M attributes, for K ranked arms.

    Attributes:
        attributes: symptom relief first.
        known: (K, M) arms of which each is known.
        ends: (4, M, K) the least and the most that the catalogue leaves possible, and both again.
        exchange: (M,) how much one unit of weight is given for.
        served: (S,) positions of those whose values are effects, those on the primary outcome first.
        others: (S - 1,) positions of the outcomes of the other effects, among those beside the primary one.
    """

    attributes: tuple[Attribute, ...]
    known: BoolArray
    ends: FloatArray
    exchange: FloatArray
    served: IntArray
    others: IntArray

    @classmethod
    def of(cls, attributes: Sequence[Attribute]) -> AttributeTable:
        """The table of these attributes."""
        served = [at for at, one in enumerate(attributes) if one.outcome is not None]
        return cls(
            attributes=tuple(attributes),
            known=np.stack([one.known for one in attributes], axis=1),
            ends=np.array(2 * [[one.least for one in attributes], [one.most for one in attributes]]),
            exchange=np.array([one.exchange for one in attributes]),
            served=np.array(served, dtype=np.int64),
            others=np.array([one.outcome - 1 for one in attributes if one.outcome], dtype=np.int64),
        )

    @cached_property
    def known_of(self) -> tuple[tuple[bool, ...], ...]:
        """(K, M) the same as ``known``, as plain values."""
        return tuple(zip(*(one.known_of for one in self.attributes), strict=True))

    @cached_property
    def figures_read(self) -> BoolArray:
        """(K, M) whether the figure behind each value was read, also where none is needed."""
        figures = zip(*(one.figures for one in self.attributes), strict=True)
        return np.array([[figure is None or figure.verified for figure in of_arm] for of_arm in figures])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """(M,) in words."""
        return tuple(one.label for one in self.attributes)
