"""Compares persons with what the chain's records say of them: who was erased stays so, and nobody else is.

A person's row changes (a rotation wraps the key anew, an erasure empties it), so that no record holds its hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from data_contracts.errors import Refused, Tampered
from service.audit.finding import Finding, What
from service.storage.key_ring import KeyRing
from service.storage.person import patient_of, person_of
from service.storage.schema import PERSONS
from service.utc import as_utc

BATCH = 1000


class PersonCheck:
    """Takes what records say; `findings` has what was wrong once the last was taken.

    Args:
        connection: that persons are read on.
        ring: opens their identifiers.
    """

    def __init__(self, connection: Connection, ring: KeyRing) -> None:
        self._connection, self._ring = connection, ring
        self._named: dict[str, int] = {}
        self._erased: dict[str, int] = {}
        self._forgotten: Counter[datetime] = Counter()

    def take(self, told: Mapping[str, Any]) -> None:
        """Look at what one record says."""
        if told.get("kind") == "retention":  # it empties many at once, and names none
            self._forgotten[datetime.fromisoformat(told["at"])] += int(told["detail"].get("persons", 0))
        if (person := told.get("person")) is None:
            return
        self._named.setdefault(person, told["seq"])
        if told.get("kind") == "erasure":
            self._erased[person] = told["seq"]

    def findings(self) -> tuple[Finding, ...]:
        """What was wrong; after the last record was taken."""
        try:
            return tuple(self._found())
        except (ValueError, TypeError):  # SQLite keeps anything anywhere
            return (_finding("row_changed", 0, "a row of persons holds what no such row can"),)

    def _found(self) -> Iterator[Finding]:
        seen, strangers = set(), 0
        query = select(PERSONS).order_by(PERSONS.c.id)
        for row in self._connection.execution_options(yield_per=BATCH).execute(query).mappings():
            seen.add(row["id"])
            if row["id"] not in self._named:
                strangers += 1
            elif fault := self._fault(row):
                yield _finding("row_changed", self._erased.get(row["id"], self._named[row["id"]]), fault)
        if strangers:
            yield _finding("row_stranger", 0, f"{strangers} rows of persons that no record speaks of")
        for person, seq in self._named.items():
            if person not in seen:
                yield _finding("row_missing", seq, f"the row of persons that record {seq} speaks of is gone")

    def _fault(self, row: RowMapping) -> str:
        """What is wrong with a person's row; empty if nothing is."""
        if (seq := self._erased.get(row["id"])) is not None:
            opens = row["wrapped_key"] is not None or row["patient"] is not None
            return f"of a person whom record {seq} erased the row of persons is filled again" if opens else ""
        if row["wrapped_key"] is None:
            at = row["erased_at"] and as_utc(row["erased_at"])
            self._forgotten[at] -= 1
            return "" if self._forgotten[at] >= 0 else "a person's key is gone, and no record tells of an erasure"
        try:
            patient = patient_of(row, person_of(row, row["id"], self._ring), self._ring)
        except (Tampered, Refused, TypeError):
            return "a row of persons does not open: it was changed, or is another database's"
        if patient is None:
            return "a row of persons was changed: it is another organisation's or patient's"
        return ""


def _finding(what: What, seq: int, told: str) -> Finding:
    return Finding(what=what, first=seq, last=seq, told=told)
