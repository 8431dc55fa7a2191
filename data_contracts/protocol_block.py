"""What every block of a protocol shares: unknown keys are errors, and nothing changes once it is read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

NAME_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,79}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class Block(BaseModel):
    """Base of a protocol's blocks."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_is_a_list(value: Any) -> Any:
    """A single text where several may stand, as a list of one."""
    return (value,) if isinstance(value, str) else value
