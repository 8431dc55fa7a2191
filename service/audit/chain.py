"""The chain of audit records: canonical JSON, each record holding the hash of the one before it.

Records are appended in the transaction of what they record, whose commit makes both durable or neither. Beside each
stands a seal by the service's keys: whoever has the database alone can follow the rule of the chain, and not seal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from sqlalchemy import Connection, insert, select

from service.audit.entry import Entry
from service.storage.prepared import Prepared
from service.storage.schema import AUDIT

START = "0" * 64
"""What the first record holds in the place of a hash."""

HEAD = Prepared(select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1))
INSERT = Prepared(insert(AUDIT).inline())
FORMAT = 2
"""Of records: from 2 on they are sealed."""

SealOf = Callable[[str], str]
"""Makes the seal of a record of its hash."""


class RowContent(TypedDict):
    """What a record says of a row; see ``service.audit.entry.Row``."""

    table: str
    id: str
    sha256: str


class Content(TypedDict):
    """What every record says, in JSON; see ``service.audit.entry.Entry``."""

    v: int
    seq: int
    previous: str
    at: str
    kind: str
    outcome: str
    who: str
    issuer: str
    organisation: str
    roles: list[str]
    purpose: str
    address: str
    person: str | None
    recommendation: str | None
    row: RowContent | None
    detail: dict[str, str | int]


@dataclass(frozen=True)
class Link:
    """A record in its place.

    Attributes:
        seq: 1 for the first, and one more for each.
        content: canonical JSON.
        hash: sha256 of the content, hexadecimal.
        seal: keyed hash of that, which the service alone can make; empty of records of before, and until written.
    """

    seq: int
    content: str
    hash: str
    seal: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """The content, read."""
        found: dict[str, Any] = json.loads(self.content)
        return found


NOTHING = Link(0, "", START)
"""The head of an empty chain."""


class Chain:
    """Appends within one transaction, which holds the lock that lets one writer at a time append."""

    def __init__(self, connection: Connection, seal_of: SealOf) -> None:
        self._connection, self._seal_of = connection, seal_of
        self._head: Link | None = None
        self._waiting: list[Link] = []

    @property
    def head(self) -> Link:
        """The newest record, written or waiting."""
        if self._head is None:
            self._head = head_of(self._connection)
        return self._head

    def start_at(self, head: Link) -> None:
        """Spare a look for the head: it was seen within this transaction, before anything was written in it."""
        if self._head is None:
            self._head = head

    @property
    def next_seq(self) -> int:
        """The place that the next entry will get."""
        return self.head.seq + 1

    def append(self, entry: Entry) -> Link:
        """Give an entry its place; `flush` writes it."""
        self._head = linked(entry, self.head)
        self._waiting.append(self._head)
        return self._head

    def flush(self) -> None:
        """Write what was appended."""
        rows = [
            {"seq": link.seq, "content": link.content, "hash": link.hash, "seal": self._seal_of(link.hash)}
            for link in self._waiting
        ]
        if rows:
            INSERT.run(self._connection, *rows)
        self._waiting.clear()


def head_of(connection: Connection) -> Link:
    """The newest record's place and hash, without its content."""
    found = HEAD.first(connection)
    return NOTHING if found is None else Link(found.seq, "", found.hash)


def linked(entry: Entry, before: Link) -> Link:
    """The record that follows on another."""
    who, row = entry.actor.principal, entry.row
    told: Content = {
        "v": FORMAT,
        "seq": before.seq + 1,
        "previous": before.hash,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "outcome": entry.outcome,
        "who": who.subject,
        "issuer": who.issuer,
        "organisation": who.organisation,
        "roles": sorted(who.roles),
        "purpose": who.purpose,
        "address": entry.actor.address,
        "person": entry.person,
        "recommendation": None if entry.recommendation is None else str(entry.recommendation),
        "row": None if row is None else {"table": row.table, "id": row.id, "sha256": row.sha256},
        "detail": dict(entry.detail),
    }
    content = canonical(told)
    return Link(before.seq + 1, content, hash_of(content))


def canonical(content: Mapping[str, Any]) -> str:
    """The one spelling of a JSON object of texts, whole numbers, lists and nulls (RFC 8785)."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(content: str) -> str:
    """sha256 of a record's content, hexadecimal."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
