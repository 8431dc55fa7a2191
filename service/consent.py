"""Consents: what a patient agreed to or withdrew, purpose by purpose, and what follows for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import Refused
from data_contracts.fact import Answer, UnreadableFact, read_fact
from data_contracts.patient_identifier import PatientId
from data_contracts.profile import PatientProfile
from service.contact import Contact
from service.event import Signature
from service.utc import as_utc

Purpose = Literal["decision_support", "research", "contact"]
Said = Literal["given", "withdrawn"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ANEW = "If the patient consents again, write it down first (POST /v1/consents)."
KEEPS_OUT: tuple[Purpose, ...] = ("decision_support", "research")
"""Who withdraws one of these is left out of the records that later policies are learned from."""


class Statement(Signature):
    """What a patient said of one purpose, as a named clinician writes it down.

    Attributes:
        patient_id: as in a profile.
        purpose: decision support, research, or being contacted.
        answer: given or withdrawn.
    """

    patient_id: PatientId
    purpose: Purpose
    answer: Said


@dataclass(frozen=True)
class Standing:
    """What the ledger says of a patient; a purpose that is not there was never spoken of.

    Attributes:
        patient: the keyed hash that the patient is looked up by.
        person: their id, None if nothing is kept of them.
        position: of the newest statement, 0 if there is none.
        said: of each purpose the newest answer, and when, UTC.
        erased_at: when somebody of this identifier was erased, UTC; None if nobody was, or it was not asked.
    """

    patient: str
    person: str | None
    position: int
    said: Mapping[Purpose, tuple[Said, datetime]]
    erased_at: datetime | None = None


@dataclass(frozen=True)
class Written:
    """A statement as it stands in the ledger.

    Attributes:
        purpose, answer: what was said of what.
        at: when it was written down, UTC.
        signature: by whom.
    """

    purpose: Purpose
    answer: Said
    at: datetime
    signature: Signature


class ConsentStanding(BaseModel):
    """The ledger's word on each purpose, as it is answered over HTTP; null was never spoken of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision_support: Said | None
    research: Said | None
    contact: Said | None


def told(standing: Standing) -> ConsentStanding:
    """A standing as it is answered."""
    return ConsentStanding(**{name: standing.said[name][0] if name in standing.said else None for name in PURPOSES})


def has_withdrawn(standing: Standing) -> bool:
    """Whether the patient has withdrawn from decision support."""
    return standing.said.get("decision_support", ("given", None))[0] == "withdrawn"


def withdrawn_at(standing: Standing) -> datetime | None:
    """When the patient withdrew from decision support, UTC; None if they did not, or gave consent again."""
    return as_utc(standing.said["decision_support"][1]) if has_withdrawn(standing) else None


def check_consent(standing: Standing, contacts: Sequence[Contact]) -> None:
    """Refuse an answer for a patient who has withdrawn, or was erased and has not agreed anew.

    Raises:
        Refused: says whom to call in a crisis, as no rule has looked at the patient.
    """
    call = "; ".join(f"{contact.name} {contact.phone} ({contact.when})" for contact in contacts)
    rest = f"nothing was computed. {ANEW} In a crisis call: {call}."
    check_not_erased(standing, rest)
    if has_withdrawn(standing):
        day = standing.said["decision_support"][1].date()
        raise Refused(f"The patient withdrew from decision support on {day}; {rest}")


def check_not_erased(standing: Standing, rest: str = f"nothing is kept of them. {ANEW}") -> None:
    """Refuse to begin anew with a patient who was erased and has not agreed since.

    Args:
        standing: as it is before anything is made.
        rest: what to tell besides.

    Raises:
        Refused: that is so.
    """
    if standing.erased_at is not None and "decision_support" not in standing.said:
        raise Refused(f"The patient asked for erasure on {standing.erased_at.date()}, and withdrew with it; {rest}")


def with_ledger(profile: PatientProfile, standing: Standing, facts: Sequence[str]) -> PatientProfile:
    """The profile with the ledger's consent, where the caller says nothing of it.

    Args:
        profile: as it was sent; its own no counts, whatever the ledger says.
        standing: of a patient who has not withdrawn.
        facts: names of the facts that say whether the patient agreed to decision support.
    """
    if "decision_support" not in standing.said:
        return profile
    day = standing.said["decision_support"][1].date()
    silent = [name for name in facts if not spoken(name, profile.values.get(name))]
    if not silent:
        return profile
    values, as_of = {**profile.values, **dict.fromkeys(silent, "yes")}, {**profile.as_of, **_days(silent, day)}
    return profile.model_copy(update={"values": values, "as_of": as_of})


def _days(names: Sequence[str], day: date) -> dict[str, date]:
    return dict.fromkeys(names, day)


def spoken(name: str, value: object) -> bool:
    """Whether a fact's value says anything, were it something that cannot be read."""
    try:
        return read_fact(name, value) is not Answer.UNKNOWN
    except UnreadableFact:
        return True
