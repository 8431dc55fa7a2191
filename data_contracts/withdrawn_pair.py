"""A withdrawn pair: two arms that the design says cannot be compared, known before any effect is."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class WithdrawnPair(BaseModel):
    """A pair of arms whose contrast is not reported and that are not ranked against each other.

    Attributes:
        arms: the two, in the protocol's order.
        equipoise: share of the pair's episodes in equipoise.
        beyond_chance: largest standardised difference after weighting, less what chance explains of it.
        column: the covariate of which this is so.
        reason: which mark the pair missed, in one sentence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    arms: tuple[str, str]
    equipoise: float
    beyond_chance: float
    column: str
    reason: str


def is_withdrawn(pairs: Sequence[WithdrawnPair], one: str, other: str) -> bool:
    """Whether two arms, in either order, are a withdrawn pair."""
    return any({one, other} == set(pair.arms) for pair in pairs)
