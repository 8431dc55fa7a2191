"""What would have to be true of an unmeasured cause for arms to change places: on average, by kind of patient."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.kind import Kind


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


class FirstChoice(BaseModel):
    """How strong an unmeasured cause would have to be to turn the first choice of one kind of patient, on average.

    Attributes:
        kind: who they are; at least 100 of the records.
        first: the arm with the best average among them.
        next: the arm that could come before it.
        odds_ratio: by how much the cause would have to change the odds of starting one of the two, for anybody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    first: str
    next: str
    odds_ratio: float = Field(ge=1)
