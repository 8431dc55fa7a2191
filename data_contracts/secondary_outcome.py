"""An outcome beside the primary one, as a policy knows it: its kind, its part, and which way is better."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.figure import Figure

OutcomeKind = Literal["points", "yes_no"]
DerivedRole = Literal["response", "remission", "reliable_improvement", "reliable_deterioration", "dropout"]
Role = Literal[
    "response",
    "remission",
    "reliable_improvement",
    "reliable_deterioration",
    "dropout",
    "side_effect",
    "burden",
    "other",
]
Direction = Literal["lower_is_better", "higher_is_better"]

SHARE = "share of patients"
"""Unit of a yes-or-no outcome's effects: 0.1 is ten in a hundred."""

BETTER: dict[Role, Direction] = {
    "response": "higher_is_better",
    "remission": "higher_is_better",
    "reliable_improvement": "higher_is_better",
    "reliable_deterioration": "lower_is_better",
    "dropout": "lower_is_better",
    "side_effect": "lower_is_better",
    "burden": "lower_is_better",
}
"""Which way is better, by role; ``other`` may be either."""


class SecondaryOutcome(BaseModel):
    """One outcome beside the primary one.

    Attributes:
        name: its column, or its role where it is derived from the primary outcome.
        unit: of its effects, in words; of a yes-or-no outcome a share of patients.
        kind: measured in points, or a yes (1) or no (0).
        role: what it says of a therapy.
        side_effect: which kind of side effect, for example ``nausea``; None unless ``role`` is that.
        direction: whether lower or higher is better; effects are turned so that positive is better.
        range: smallest and largest value that it can take, if known.
        rule: the instrument's figure by which it was derived from the primary outcome, with its source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    unit: str
    kind: OutcomeKind
    role: Role = "other"
    side_effect: str | None = None
    direction: Direction
    range: tuple[float, float] | None = None
    rule: Figure[float] | None = None

    @property
    def sign(self) -> float:
        """What the outcome is multiplied by so that more is better."""
        return -1.0 if self.direction == "lower_is_better" else 1.0

    @property
    def largest_effect(self) -> float:
        """The largest difference between two arms that there can be, infinite if the range is not known."""
        return self.range[1] - self.range[0] if self.range else float("inf")
