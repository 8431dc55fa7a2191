"""Answers whose ranking is withheld: what of them is shown all the same, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import WrongState
from data_contracts.recommendation import Safety
from service.contact import Contact
from service.event import Agreement, Event, Withheld
from service.record import RecommendationRecord

ACTION: Literal["withhold"] = "withhold"
FIRST: Literal["first_choice"] = "first_choice"
BY = "Equipoise"
NEXT: Mapping[Withheld, str] = {
    "model_stopped": (
        "It was made while its model was out of service, for what the safety rules say alone; its ranking is shown to "
        "nobody. Do what safety asks for, go by the guideline, and ask again once the model is back."
    ),
    "first_choice": (
        "This service shows its ranking once a clinician has written down what they would choose themselves (POST to "
        "/first-choice, or on the patient's page). What safety asks for comes first."
    ),
}


class OfferedArm(BaseModel):
    """A therapy of the study, in no order but that of its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    label: str


class WithheldRecord(BaseModel):
    """One answer of the service without its ranking.

    Attributes:
        id, created_at, state, policy_manifest_sha256: as of the whole answer.
        withheld: why.
        next_step: what to do.
        contacts: as of the whole answer: given whenever a safety rule refuses, or waits for somebody.
        patient_id: whom it is about.
        arms: what could be chosen from, by name.
        safety: what the safety rules say, in full.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    created_at: datetime
    state: Literal["draft"]
    policy_manifest_sha256: str
    withheld: Withheld
    next_step: str
    contacts: tuple[Contact, ...]
    patient_id: str
    arms: tuple[OfferedArm, ...]
    safety: Safety


def withheld_of(events: Sequence[Event]) -> Withheld | None:
    """Why an answer's ranking is withheld now; None if it is shown."""
    why = next((event.withheld for event in events if event.action == ACTION), None)
    chosen = any(event.action == FIRST for event in events)
    return None if why == "first_choice" and chosen else why


def agreement_of(events: Sequence[Event]) -> Agreement | None:
    """How the first choice stands to the advice and to the decision; None if none was written down."""
    done = {event.action: event.decision for event in events}
    first, decision = done.get(FIRST), done.get("decide")
    if first is None:
        return None
    if decision is None:
        return Agreement(first=first.relation, kept=None, decided=None)
    return Agreement(first=first.relation, kept=first.arm == decision.arm, decided=decision.relation)


def check_first_choice(withheld: Withheld | None) -> None:
    """Refuse what would come after the ranking was shown, or where it is never shown.

    Raises:
        WrongState: the ranking is not withheld for that reason.
    """
    if withheld is None:
        raise WrongState("The ranking of this answer is not withheld: a choice now would not be the first.")
    if withheld != FIRST:
        check_shown(withheld)


def withholding(why: Withheld, at: datetime) -> Event:
    """That a ranking is withheld, as it is written down beside the answer."""
    return Event(action=ACTION, by=BY, role="the service", note=None, at=at, withheld=why)


def check_shown(withheld: Withheld | None) -> None:
    """Refuse what would show a ranking that is withheld.

    Raises:
        WrongState: it is; with what comes first.
    """
    if withheld is not None:
        raise WrongState(f"The ranking is withheld. {NEXT[withheld]}")


def without_ranking(record: RecommendationRecord, why: Withheld) -> WithheldRecord:
    """What of an answer is shown while its ranking is withheld.

    Args:
        record: the whole answer.
        why: it is withheld.
    """
    answer = record.recommendation
    arms = sorted((OfferedArm(arm=one.arm, label=one.label) for one in answer.arms), key=lambda one: one.label)
    return WithheldRecord(
        id=record.id,
        created_at=record.created_at,
        state=record.state,
        policy_manifest_sha256=record.policy_manifest_sha256,
        withheld=why,
        next_step=NEXT[why],
        contacts=record.contacts,
        patient_id=answer.patient_id,
        arms=tuple(arms),
        safety=answer.safety,
    )


def shown(record: RecommendationRecord, content: bytes, withheld: Withheld | None) -> bytes:
    """The body in which an answer is given: its own bytes, or what of it is shown while its ranking is withheld.

    Args:
        record, content: the whole answer, and its bytes.
        withheld: why its ranking is, if it is.
    """
    return content if withheld is None else without_ranking(record, withheld).model_dump_json().encode()
