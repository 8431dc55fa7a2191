"""Parts of an answer: small records of which one answer holds hundreds, so making one must cost next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

from pydantic import ConfigDict

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def answer_part(cls: type[T]) -> type[T]:
    """Make a class of annotated fields a part of an answer.

    Documents that hold it are read, written and described by pydantic like any other, unknown keys refused. Within
    the engine its types, and that nobody changes it, are kept by mypy alone: checking them on every answer cost as
    much as working the answer out (docs/decisions/0023).
    """
    cls.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return dataclass(slots=True)(cls)
