"""Systematic error: how far effects on outcomes that no arm can have changed lie from zero."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ControlEffect(_Data):
    """An arm's effect over the reference on one negative control, standard deviations of the control; truly 0.

    Attributes:
        control: column of the negative control.
        estimate, standard_error: as for any outcome.
    """

    control: str
    estimate: float
    standard_error: float


class SystematicError(_Data):
    """An arm's systematic error against the reference, standard deviations of an outcome.

    Attributes:
        arm: the arm.
        effects: on every negative control.
        mean, sd: the normal distribution that the controls' true errors are taken to come from.
        expected: expected absolute systematic error, by that distribution.
        chance: how much of it sampling alone explains.
    """

    arm: str
    effects: tuple[ControlEffect, ...]
    mean: float
    sd: float
    expected: float
    chance: float

    @property
    def beyond_chance(self) -> float:
        """What sampling does not explain."""
        return self.expected - self.chance
