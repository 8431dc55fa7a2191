"""A kind of patient: what one value at the start says of who they are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from data_contracts.profile import Value


class Kind(BaseModel):
    """Patients with one level of a column, or a number from ``at_least`` to below ``below``.

    Attributes:
        words: who they are, for example "age 26 to below 45".
        column: of the records, and of a profile's values.
        level: in words; None where the kind is a band of numbers, or of those whose value is not known or rare.
        at_least, below: ends of the band; None where it is open.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: str
    column: str
    level: str | None = None
    at_least: float | None = None
    below: float | None = None

    @property
    def can_be_told(self) -> bool:
        """Whether a value alone tells who is of this kind."""
        return (self.level, self.at_least, self.below) != (None, None, None)

    def holds(self, value: Value) -> bool:
        """Whether a patient with this value is of the kind; of a value that is not known it is never told."""
        if value is None or not self.can_be_told:
            return False
        if self.level is not None:
            return self.level == (f"{value:g}" if isinstance(value, float) else str(value))
        if isinstance(value, str):
            return False
        return (self.at_least is None or value >= self.at_least) and (self.below is None or value < self.below)
