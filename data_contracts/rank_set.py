"""The ranks that an arm may hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RankSet(BaseModel):
    """The ranks an arm may hold at the stated confidence; 1 is best."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lower: int
    upper: int
    in_top_set: bool
