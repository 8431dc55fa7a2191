"""An estimate with its interval."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Interval(BaseModel):
    """An estimate and its interval at the recommendation's confidence, in the unit of what it estimates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    estimate: float
    lower: float
    upper: float
