"""What an audit record says, before it has its place in the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from service.audit.actor import Actor

Kind = Literal[
    "recommendation",  # an answer was made, ranked or not
    "refusal",         # an answer or a call was refused: consent, safety
    "read",            # an answer, its history, basis or sheet was given
    "review",
    "release",
    "decision",        # as advised, or where nothing was ranked
    "override",        # a decision against the advice
    "consent",         # given or withdrawn
    "erasure",         # a person's key was destroyed
    "policy",          # a promoted policy was taken in
    "keys",            # persons' keys were wrapped anew
    "retention",       # old answers were removed
    "taken_over",      # kept by an earlier schema
    "restored",        # the database came from a backup
    "denied",          # somebody asked for what is not theirs
    "break_glass",     # somebody went past that, with a reason
    "glass_review",    # and an auditor looked at it
    "care",            # a record system said who treats a patient until when
    "card",            # a card was made of an answer, shown or not
    "feedback",        # what became of a card
    "acknowledge",     # what a safety rule waits for was done
    "withhold",        # an answer was kept whose ranking is not shown
    "first_choice",    # a clinician's own, before the ranking was shown
    "harm",            # harm was reported of an answer
    "stop",            # a model was taken out of service
    "lift",            # and put back
    "login",           # somebody logged in to the pages, or failed to
    "logout",          # and signed out
    "session_end",     # somebody else ended a session: an administrator, the operator, the provider
    "table",           # a table of patients was answered by the command
    "study",           # a study was asked for, stopped, taken up again, ended or removed
]  # fmt: skip
Outcome = Literal["success", "refused", "denied"]


@dataclass(frozen=True)
class Row:
    """A row that was added with the record, by the hash of its sealed bytes.

    Attributes:
        table, id: where it stands; the parts of a key with a space between them.
        sha256: as `service.audit.row_hash` makes it.
    """

    table: str
    id: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One thing that happened. Nothing of a patient stands in it but a person's random id.

    Attributes:
        kind: what happened.
        actor: who did it.
        at: when, UTC.
        outcome: whether it came about.
        person: the id of the person concerned (`persons.id`), if any.
        recommendation: the answer concerned, if any.
        row: the row that was added.
        detail: codes, hashes and counts by name.
    """

    kind: Kind
    actor: Actor
    at: datetime
    outcome: Outcome = "success"
    person: str | None = None
    recommendation: UUID | None = None
    row: Row | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)
