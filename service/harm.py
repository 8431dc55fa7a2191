"""Harm that came to a patient, as somebody reports it of a recommendation; and what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_contracts.rfc3339 import Day
from service.event import Name, Signature, Words

Severity = Literal["none", "low", "moderate", "severe", "fatal"]
"""The degrees of harm of England's Learn from Patient Safety Events service (LFPSE), for body and mind alike."""

SEVERITIES: Mapping[Severity, str] = {
    "none": "no harm, or it was noticed in time",
    "low": "needed watching, or a little more treatment",
    "moderate": "needed more treatment, or lasted, without lasting for good",
    "severe": "lasts for good, or put life in danger",
    "fatal": "the patient died",
}
GRAVE: frozenset[Severity] = frozenset({"severe", "fatal"})


class HarmReport(Signature):
    """What came to a patient after, or with, a recommendation.

    Attributes:
        severity: how bad it was.
        what: what happened, in words; sealed like all that is said of a patient.
        on: the day it happened, if that is known.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "Dr A. Mbeki",
                    "role": "GP, licence 123",
                    "severity": "moderate",
                    "what": "Serotonin syndrome; the record did not show her tramadol.",
                    "on": "2026-03-14",
                }
            ]
        }
    )

    severity: Severity
    what: Words
    on: Day | None = None


class KeptHarm(BaseModel):
    """A report as it is kept.

    Attributes:
        id: its name.
        at: when it was written down, UTC.
        report: as it was given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    at: datetime
    report: HarmReport


class HarmNoted(BaseModel):
    """That a report was kept, and what happens next.

    Attributes:
        id: its name.
        recommendation_id: what it is attached to.
        next: what happens, and what does not happen by itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    recommendation_id: UUID
    next: tuple[str, ...]


class Harms(BaseModel):
    """All reports of one recommendation, oldest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recommendation_id: UUID
    harms: tuple[KeptHarm, ...]


def next_steps(report: HarmReport, policy: str, told: Name | None) -> tuple[str, ...]:
    """What happens next, in sentences.

    Args:
        report: what was reported.
        policy: the model's name.
        told: who in the deployment looks into harm, as `EQUIPOISE_SAFETY_OFFICER` names them.
    """
    who = told or "whoever is responsible for clinical safety here (EQUIPOISE_SAFETY_OFFICER names nobody)"
    steps = [
        "It is kept, sealed, with the recommendation and an audit record, and is never changed.",
        f"Tell {who}: this service calls nobody. Reports are listed by `equipoise harms`.",
        "Report it to your organisation's incident system too; this report does not take its place.",
    ]
    if report.severity in GRAVE:
        stop = f"equipoise stop {policy}, or POST /v1/models/{policy}/stop"
        steps.append(f"An administrator decides at once whether the model is taken out of service until then: {stop}.")
    return tuple(steps)
