"""What a check of the audit found, and where."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

What = Literal[
    "edited",        # a record's content is not what its hash says
    "broken",        # a record does not follow on the one before it: one of the two was changed
    "missing",       # records between two others are gone
    "out_of_order",  # a record stands in another's place
    "cut",           # records at the end that a root vouched for are gone
    "rewritten",     # the chain agrees with itself and not with a root
    "forged",        # a record is not sealed by the service's keys: it was not the service that wrote it
    "root",          # a root is not signed by a known key, or there is none at all
    "row_changed",   # a row is not the one that its record speaks of
    "row_missing",   # a row that a record speaks of is gone
    "row_stranger",  # a row that no record speaks of
]  # fmt: skip


class Finding(BaseModel):
    """One thing that is wrong.

    Attributes:
        what: its kind.
        first, last: the records concerned, by place in the chain; 0 where none is.
        told: in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: What
    first: int
    last: int
    told: str


class Verification(BaseModel):
    """What was looked at and found.

    Attributes:
        records: how many there are.
        head: hash of the last; anchor it elsewhere to have it vouched for.
        roots: how many signed roots were read.
        vouched: up to which place a root vouches for the chain; what comes after could be cut unseen.
        rows: how many rows of other tables were compared.
        lost: what restored backups did not have, though roots tell of it; a signed root says that they were restored.
        findings: empty if all is as it was written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    records: int
    head: str
    roots: int
    vouched: int
    rows: int
    lost: tuple[str, ...] = ()
    findings: tuple[Finding, ...]
