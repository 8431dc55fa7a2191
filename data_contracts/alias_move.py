"""The record that an alias of a registered policy moved: MLflow keeps the present place alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.manifest import sha256

Alias = Literal["challenger", "champion"]

REPORT, REPORT_PAGE, CARD_PAGE = "report.json", "report.html", "model_card.html"
STUDY_FILES = (REPORT, REPORT_PAGE, CARD_PAGE)
"""What people read of a study, beside the policy and the gates."""

MOVES = "promotions"
"""Folder, among a run's artifacts, of the records of moves."""

GATES = "gates.json"


class AliasMove(BaseModel):
    """One move, written once and never changed; each names the one before, so that a missing one is noticed.

    Attributes:
        name: registered model name.
        alias: which alias.
        from_version, to_version: where it stood and stands.
        by, why: who moved it, and their reason.
        at: when, ISO 8601 with time zone, to the microsecond.
        gates_sha256: hash of the gates.json that it was decided by.
        manifest_sha256: hash of the policy's manifest.
        waivers: waived gates that were accepted so.
        files: hash of what else people read of the study (``STUDY_FILES``), by name: so that the report is as sure as
            the policy. Empty in records of before.
        previous_sha256: hash of the record before this one, whichever alias it moved; None of the first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    alias: Alias
    from_version: str | None
    to_version: str
    by: str = Field(min_length=1)
    why: str = Field(min_length=1)
    at: str
    gates_sha256: str
    manifest_sha256: str
    waivers: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    previous_sha256: str | None = None

    def content(self) -> bytes:
        """The record as it is written, signed and hashed."""
        return (self.model_dump_json(indent=1) + "\n").encode()


class WrittenMove(BaseModel):
    """A record as it was found.

    Attributes:
        move: what it says.
        signed: whether a trusted key signed it.
        follows: whether it names the record found before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    move: AliasMove
    signed: bool
    follows: bool


def in_order(found: Sequence[tuple[bytes, bool]]) -> list[WrittenMove]:
    """Records by time, each told whether it follows the one before.

    Args:
        found: content of each, in any order, and whether a trusted key signed it.
    """
    read = sorted(((AliasMove.model_validate_json(content), content, signed) for content, signed in found), key=_time)
    before: str | None = None
    told = []
    for move, content, signed in read:
        told.append(WrittenMove(move=move, signed=signed, follows=move.previous_sha256 == before))
        before = sha256(content)
    return told


def _time(entry: tuple[AliasMove, bytes, bool]) -> str:
    return entry[0].at
