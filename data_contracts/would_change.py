"""What asking for a missing fact would change."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WouldChange(BaseModel):
    """What is to be expected of an answer if one missing feature were known.

    Attributes:
        feature: which was not given.
        key: whether nothing is ranked without it.
        narrower: by what share of its width the interval that gains most would shrink on average; 0 where no effect
            varies with the feature, None where nothing is ranked anyhow.
        may_come_first: arms that might have the best effect in place of the one that has it now, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str
    key: bool
    narrower: float | None
    may_come_first: tuple[str, ...] = ()
