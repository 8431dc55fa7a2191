"""The service's calls as data: what is sent, how the answer is read, and whether the call may be made again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from data_contracts.profile import PatientProfile
from service.consent import ConsentStanding, Statement
from service.event import Choice, History, Signature
from service.record import RecommendationRecord

if TYPE_CHECKING:
    from service.basis import Basis

Answer = TypeVar("Answer")
Id = UUID | str
ROOT = "/v1/recommendations"


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One call.

    Attributes:
        method, path: of HTTP.
        read: makes the answer of its body.
        body: JSON that is sent, if any.
        headers: beside the usual ones.
        again: whether it may be made again when nobody knows if it arrived.
    """

    method: str
    path: str
    read: Callable[[bytes], Answer]
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    again: bool = True


def recommend(profile: PatientProfile, key: str | None) -> Call[RecommendationRecord]:
    """An answer for a patient; with a key of its own, so that made again it is the same answer."""
    headers = {"Idempotency-Key": key or str(uuid4())}
    return Call("POST", ROOT, RecommendationRecord.model_validate_json, profile.model_dump_json(), headers)


def get(name: Id) -> Call[RecommendationRecord]:
    """An answer as it was given."""
    return Call("GET", _at(name), RecommendationRecord.model_validate_json)


def history(name: Id) -> Call[History]:
    """Where an answer stands."""
    return Call("GET", _at(name, "/history"), History.model_validate_json)


def act(name: Id, action: str, signed: Signature | Choice) -> Call[History]:
    """Review, release or decision; said again it changes nothing."""
    return Call("POST", _at(name, f"/{action}"), History.model_validate_json, _sent(signed))


def basis(name: Id) -> Call[Basis]:
    """What an answer rests on."""

    def read(body: bytes) -> Basis:
        from service.basis import Basis  # the heaviest of the shapes: only for who asks

        return Basis.model_validate_json(body)

    return Call("GET", _at(name, "/basis"), read)


def sheet(name: Id) -> Call[str]:
    """The page for patient and clinician."""
    return Call("GET", _at(name, "/sheet"), bytes.decode)


def fhir(name: Id) -> Call[dict[str, Any]]:
    """The answer as a FHIR bundle."""
    return Call("GET", _at(name, "/fhir"), json.loads)


def state_consent(statement: Statement) -> Call[ConsentStanding]:
    """What a patient said of a purpose; made twice it would stand twice in the ledger."""
    return Call("POST", "/v1/consents", ConsentStanding.model_validate_json, _sent(statement), again=False)


def _at(name: Id, part: str = "") -> str:
    return f"{ROOT}/{UUID(str(name))}{part}"


def _sent(document: BaseModel) -> str:
    return document.model_dump_json()
