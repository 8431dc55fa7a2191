"""A recommendation as it is kept and answered over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Reason, Recommendation
from data_contracts.rule import RuleSet
from service.contact import Contact


class RecommendationRecord(BaseModel):
    """One answer of the service.

    Attributes:
        id: its name.
        created_at: when it was made, UTC.
        state: when it was made, always draft; where it stands now is told by its history.
        policy_manifest_sha256: which policy artifact answered.
        contacts: whom to call; given whenever a safety rule refused a ranking, or waits for somebody, else empty.
        recommendation: the answer itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    created_at: datetime
    state: Literal["draft"]
    policy_manifest_sha256: str
    contacts: tuple[Contact, ...]
    recommendation: Recommendation


def contacts_for(recommendation: Recommendation, contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """The contacts that an answer has to show.

    Every refusal shows them, not only one at crisis level: a refusal for age holds no findings on risk. So does an
    answer that waits for a named clinician: whoever assesses safety may have to call somebody.
    """
    safety = recommendation.safety
    return contacts if safety.level == "refused" or safety.awaiting_acknowledgement else ()


def consents(recommendation: Recommendation) -> bool:
    """Whether the patient has not refused decision support; of one who has, nothing is kept but the refusal."""
    safety = recommendation.safety
    return safety.level != "refused" or safety.reason is not Reason.CONSENT


def only_consent(profile: PatientProfile, rules: RuleSet) -> PatientProfile:
    """The identifier and the patient's answer on consent, with its day; nothing else of a profile."""
    facts = rules.consent
    return PatientProfile(
        patient_id=profile.patient_id,
        values={name: value for name, value in profile.values.items() if name in facts},
        as_of={name: day for name, day in profile.as_of.items() if name in facts},
    )
