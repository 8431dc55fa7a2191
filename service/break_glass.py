"""Breaking the glass: a clinician sees a patient whom they do not treat, for an hour; somebody reviews why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_contracts.patient_identifier import PatientId
from service.event import Words

LASTS = timedelta(hours=1)
"""How long broken glass counts as a ground."""

Verdict = Literal["justified", "not_justified"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GlassBreak(_Data):
    """That a clinician has to see a patient whom they do not treat.

    Attributes:
        patient_id: as in a profile; of their own organisation.
        reason: why; there is no breaking without one. It is sealed like all that is said of a patient.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"patient_id": "pseudonym-17", "reason": "Brought in unconscious, alone."}]}
    )

    patient_id: PatientId
    reason: Words


class GlassBroken(_Data):
    """That the glass is broken.

    Attributes:
        id: of the entry, which somebody reviews.
        until: when it ends, UTC.
    """

    id: UUID
    until: datetime


class KeptGlass(_Data):
    """What is sealed of an entry.

    Attributes:
        by, role: who broke it, by name and licence, as their token names them.
        reason: why.
    """

    by: str
    role: str
    reason: str


class WaitingGlass(_Data):
    """An entry that waits for its review.

    Attributes:
        id: of the entry.
        at, until: from when to when it counts, UTC.
        patient_id: whose glass it was.
        by, role, reason: as in `KeptGlass`.
    """

    id: UUID
    at: datetime
    until: datetime
    patient_id: str
    by: str
    role: str
    reason: str


class WaitingGlasses(_Data):
    """What waits for review in an organisation.

    Attributes:
        waiting: how many entries can be reviewed.
        erased: how many cannot be any more, as their patient's key was destroyed; the audit still says who broke them.
        entries: the oldest of those that can.
    """

    waiting: int
    erased: int
    entries: tuple[WaitingGlass, ...]


class GlassReview(_Data):
    """What a reviewer found.

    Attributes:
        verdict: whether it was justified.
        words: why they find so; sealed with the patient's key.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verdict": "justified", "words": "On call that night; spoke to the ward."}]}
    )

    verdict: Verdict
    words: Words


class KeptReview(GlassReview):
    """What is sealed of a review.

    Attributes:
        by, role: who reviewed, as their token names them.
    """

    by: str
    role: str


class GlassReviewed(_Data):
    """That an entry was reviewed.

    Attributes:
        id: of the entry.
        at: when, UTC.
        verdict: whether it was justified.
    """

    id: UUID
    at: datetime
    verdict: Verdict
