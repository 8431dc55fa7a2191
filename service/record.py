"""A recommendation as it is kept and answered over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_contracts.recommendation import Recommendation
from service.contact import Contact

State = Literal["draft", "reviewed", "released"]


class RecommendationRecord(BaseModel):
    """One answer of the service.

    Attributes:
        id: its name.
        created_at: when it was made, UTC.
        state: draft until a named clinician has reviewed it.
        policy_manifest_sha256: which policy artifact answered.
        contacts: whom to call; given whenever a safety rule refused a ranking, else empty.
        recommendation: the answer itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    created_at: datetime
    state: State
    policy_manifest_sha256: str
    contacts: tuple[Contact, ...]
    recommendation: Recommendation


def contacts_for(recommendation: Recommendation, contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """The contacts that an answer has to show.

    Every refusal shows them, not only one at crisis level: a refusal for age holds no findings on risk.
    """
    return contacts if recommendation.safety.level == "refused" else ()
