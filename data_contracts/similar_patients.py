"""How many similar patients got an arm and how they fared, as it is told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from data_contracts.interval import Interval


class SimilarPatients(BaseModel):
    """Patients of the records who are like this one in a few broad features, and got the arm.

    What is observed, not what the arm does: nothing here is adjusted for why they got it.

    Attributes:
        count: how many, each with the first episode of the arm; never under 11.
        who: what they have in common with the patient, in words.
        followed_up: share whose outcome was observed.
        at_least: whether that share is a lower bound, as the exact one would tell of fewer than 11 patients.
        outcome: mean outcome of those followed up, on its own scale, with its interval.
        sentence: all that in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    who: str
    followed_up: float
    at_least: bool
    outcome: Interval
    sentence: str
