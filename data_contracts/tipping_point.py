"""What would have to be true of an unmeasured cause for two arms to change places."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TippingPoint(BaseModel):
    """How strong an unmeasured cause of choice and outcome would have to be to turn two arms round, on average.

    Attributes:
        better, worse: the two arms as they stand.
        strength: how strong it would have to be, in multiples of ``benchmark``'s own strength.
        benchmark: the measured covariate that it is compared with, for example the baseline score.
        odds_ratio: by how much it would have to change the odds of starting one of them, for anybody; None where it is
            above all that was looked at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    better: str
    worse: str
    strength: float = Field(ge=0)
    benchmark: str
    odds_ratio: float | None = Field(default=None, ge=1)
