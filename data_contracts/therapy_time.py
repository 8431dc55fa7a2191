"""How much of a patient's time a therapy takes."""

from __future__ import annotations

from pydantic import Field, model_validator

from data_contracts.figure import Figure, FrozenFact


class Span(FrozenFact):
    """From the least to the most that is usual."""

    least: float = Field(ge=0)
    most: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.most < self.least:
            raise ValueError("the most is at least the least")
        return self


class TherapyTime(FrozenFact):
    """A whole course in numbers; travel, reading and practice between sessions are not counted.

    Attributes:
        sessions: with a practitioner, reviews of a medicine included.
        weeks: from the first to the last of them.
        contact_hours: spent in them.
    """

    sessions: Figure[Span] | None = None
    weeks: Figure[Span] | None = None
    contact_hours: Figure[Span] | None = None
