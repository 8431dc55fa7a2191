"""What people did with a recommendation: reviewed it, released it, decided; each once, by name, never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from data_contracts.person_name import NAMED
from data_contracts.stripped import STRIPPED
from service.override_reason import OverrideCode

State = Literal["draft", "reviewed", "released"]
Action = Literal["review", "release", "decide", "acknowledge", "withhold", "first_choice"]
Relation = Literal["follows", "overrides", "no_ranking"]
Withheld = Literal["model_stopped", "first_choice"]
"""Why a ranking is not shown."""

NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_CONTROLS), STRIPPED]
Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"),
    STRIPPED,
]
"""Free text, line breaks allowed."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Signature(_Data):
    """Who did it, as they say of themselves; where callers are asked who they are, that counts instead.

    Attributes:
        by: the clinician's name.
        role: licence number, registration or role, in words.
        note: what they want to be remembered with it.
    """

    by: Annotated[Name, NAMED]
    role: Name
    note: Words | None = None


class Choice(Signature):
    """The therapy that clinician and patient chose.

    Attributes:
        arm: of the recommendation; null is none of these.
        reason: why.
        override_code: why not as advised; given exactly when the choice is not among what was advised.
        override_reason: the same in words; needed with the code "other" alone.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "Dr A. Mbeki",
                    "role": "GP, licence 123",
                    "arm": "usual_care",
                    "reason": "She wants to wait until after the move.",
                    "override_code": "patient-prefers-another",
                    "override_reason": "She has talked it over at home.",
                }
            ]
        }
    )

    arm: Name | None
    reason: Words
    override_code: OverrideCode | None = None
    override_reason: Words | None = None


class FirstChoice(Signature):
    """What a clinician would choose, before the ranking is shown.

    Attributes:
        arm: one of those that the withheld answer lists; null is none of these.
        reason: why, if they want to say so.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"by": "Dr A. Mbeki", "role": "GP, licence 123", "arm": "cbt", "reason": "It helped her before."}
            ]
        }
    )

    arm: Name | None
    reason: Words | None = None


class Decision(_Data):
    """A choice beside the answer.

    Attributes:
        arm, reason, override_code, override_reason: as in the choice; older decisions have no code.
        relation: whether the arm is one of the top set, another, or nothing was ranked.
    """

    arm: str | None
    reason: str | None
    override_reason: str | None
    relation: Relation
    override_code: OverrideCode | None = None


class Event(_Data):
    """One thing that was done, as it is kept.

    Attributes:
        action: what was done.
        by, role, note: who did it and what they noted.
        at: when, UTC.
        decision: of the actions "decide" and "first_choice".
        rules: of the action "acknowledge" alone: the safety rules that were answered.
        withheld: of the action "withhold" alone: why the ranking is not shown.
    """

    action: Action
    by: str
    role: str
    note: str | None
    at: datetime
    decision: Decision | None = None
    rules: tuple[str, ...] = ()
    withheld: Withheld | None = None

    def same_as(self, other: Event) -> bool:
        """Whether both say the same, at whatever time: a call that is repeated changes nothing."""
        return self == other.model_copy(update={"at": self.at})


class CardOutcome(_Data):
    """What a user of the record system did with a card that this answer was shown by.

    Attributes:
        card: its uuid.
        user: who worked in the record system.
        at: when, as the record system says.
        outcome: accepted or overridden.
        arms: of the suggestions that were taken.
        relation: whether what was taken follows the advice.
        override_code, override_system: why it was overridden, by code.
        override_reason: the same in the user's words.
    """

    card: str
    user: str
    at: str
    outcome: Literal["accepted", "overridden"]
    arms: tuple[str, ...]
    relation: Relation
    override_code: str | None
    override_system: str | None
    override_reason: str | None


class Agreement(_Data):
    """How a clinician's own first choice stands to the advice and to what was decided.

    Attributes:
        first: whether the first choice is one of the top set, another, or nothing was ranked.
        kept: whether the decision is the first choice; None while nothing is decided.
        decided: whether the decision is one of the top set; None while nothing is decided.
    """

    first: Relation
    kept: bool | None
    decided: Relation | None


class History(_Data):
    """Where a recommendation stands.

    Attributes:
        recommendation_id: which one.
        state: draft, reviewed or released.
        holds_until: the last day on which it may be released and its sheet be given.
        release_obstacles: what keeps it from being released today, each with what to do; empty when nothing does.
        events: what was done, in that order.
        cards: what users of the record system did with its cards, in that order.
        harms: how many reports of harm there are.
        agreement: of the clinician's own first choice, if it was written down before the ranking was shown.
    """

    recommendation_id: UUID
    state: State
    holds_until: date
    release_obstacles: tuple[str, ...]
    events: tuple[Event, ...]
    cards: tuple[CardOutcome, ...] = ()
    harms: int = 0
    agreement: Agreement | None = None
