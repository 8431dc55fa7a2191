"""What users did with cards. A card of which nothing is heard was not thereby rejected."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Comment = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


def _in_utc(text: str) -> str:
    """RFC 3339 in UTC, as the specification asks."""
    try:
        offset = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        offset = None
    if offset != timedelta(0) or "T" not in text.upper():
        raise PydanticCustomError("utc", "Input should be a time of RFC 3339 in UTC, as 2026-06-01T09:30:00Z")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AcceptedSuggestion(_Part):
    """One that was taken."""

    id: Name


class ReasonCode(_Part):
    """A coded reason."""

    code: Name
    system: Name
    display: Name | None = None


class OverrideReason(_Part):
    """Why a card was overridden: by code, in words, or both."""

    reason: ReasonCode | None = None
    userComment: Comment | None = None

    @model_validator(mode="after")
    def _something(self) -> OverrideReason:
        if self.reason is None and self.userComment is None:
            raise PydanticCustomError("reason", "Input should be reason, userComment, or both")
        return self


class CardFeedback(_Part):
    """What became of one card."""

    card: Name
    outcome: Literal["accepted", "overridden"]
    acceptedSuggestions: Annotated[list[AcceptedSuggestion], Field(max_length=100)] | None = None
    overrideReason: OverrideReason | None = None
    outcomeTimestamp: Annotated[str, AfterValidator(_in_utc)]

    @model_validator(mode="after")
    def _what_was_accepted(self) -> CardFeedback:
        if (self.outcome == "accepted") != bool(self.acceptedSuggestions):
            raise PydanticCustomError(
                "accepted", "Input should be acceptedSuggestions exactly with the outcome accepted"
            )
        return self


class Feedback(_Part):
    """One message about any number of cards."""

    feedback: Annotated[list[CardFeedback], Field(min_length=1, max_length=500)]


class Noted(BaseModel):
    """What was kept of a message.

    Attributes:
        recorded: items that are new.
        repeated: items that were known.
        orphans: among both, items about cards that are not known here.
    """

    recorded: int
    repeated: int
    orphans: int
