"""The signed list of patients who withdrew: made by a service, read by a lab before it learns.

A file of two lines: the list as JSON, and the Ed25519 signature over that line, in base64.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.patient_identifier import normal_identifier

PURPOSE = b"equipoise-withdrawn/1\n"
"""Stands before what is signed, so that no other document's signature passes for a list's."""

FORMAT: Literal["equipoise-withdrawn/1"] = "equipoise-withdrawn/1"


class WithdrawnList(BaseModel):
    """Who is to be left out. It holds no identifier; whoever knows one can tell whether it is listed.

    Attributes:
        format: what kind of document it is; the signature covers it.
        made_at: when, ISO 8601 with time zone.
        salt: what identifiers are hashed with, hexadecimal.
        patients: their hashes, sorted, each once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["equipoise-withdrawn/1"] = FORMAT
    made_at: str
    salt: str = Field(pattern="^[0-9a-f]{64}$")
    patients: tuple[str, ...]


def listed_as(salt: str, patient_id: str) -> str:
    """What a list calls a patient: HMAC-SHA256 of the identifier, hexadecimal.

    Args:
        salt: the list's, hexadecimal.
        patient_id: as records and profiles have it; spaces around it, and how its letters are put together, do
            not count.
    """
    return hmac.new(bytes.fromhex(salt), normal_identifier(patient_id).encode(), hashlib.sha256).hexdigest()
