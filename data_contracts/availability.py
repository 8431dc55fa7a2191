"""What a site offers of one therapy, beside its effect and never part of it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict


class Availability(BaseModel):
    """Whether one therapy can be had where the patient is, and how long one waits for it.

    Attributes:
        site: where.
        as_of: the day on which it was so.
        available: whether it can be had there.
        wait_weeks: shortest and longest wait to expect, in weeks; None where it is not known.
        note: a few words for the clinician.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: str
    as_of: date
    available: bool
    wait_weeks: tuple[float, float] | None = None
    note: str | None = None

    @property
    def span(self) -> str | None:
        """The wait's numbers in words, without their unit: "6", "6 to 10"; None where it is not known."""
        if self.wait_weeks is None:
            return None
        shortest, longest = self.wait_weeks
        return f"{longest:g}" if shortest == longest else f"{shortest:g} to {longest:g}"
