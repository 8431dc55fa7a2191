"""A figure: a published value with its source, and whether that source was read."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Value = TypeVar("Value")


class FrozenFact(BaseModel):
    """Base of what is stated once and never changed; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Figure(FrozenFact, Generic[Value]):
    """One value from the literature.

    Attributes:
        value: the value.
        source: where it stands.
        verified: whether that source was read; False means recalled and still to be checked.
    """

    value: Value
    source: str = Field(min_length=1)
    verified: bool
