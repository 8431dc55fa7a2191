"""A data query: two things that were recorded and cannot both be so. It names what to check, and never a value."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class DataQuery(BaseModel):
    """What contradicts itself in one patient's record.

    Attributes:
        id: which contradiction, for example "DATA-TOTAL".
        about: names of the values concerned, in alphabetical order; all of them are in doubt.
        sentence: what contradicts, as a clinician reads it.
        check: what to look at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    about: tuple[str, ...]
    sentence: str
    check: str
