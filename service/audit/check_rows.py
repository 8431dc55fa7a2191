"""Compares the rows of other tables with what the chain's records say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from data_contracts.manifest import sha256
from service.audit.finding import Finding, What
from service.audit.row_hash import row_hash, row_key
from service.storage.schema import (
    BROKEN_GLASS,
    CARD_FEEDBACK,
    CARDS,
    CARE,
    CONSENTS,
    EVENTS,
    GLASS_REVIEWS,
    HARMS,
    POLICIES,
    RECOMMENDATIONS,
    STOPS,
    SURROUNDINGS,
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        RECOMMENDATIONS,
        EVENTS,
        CARDS,
        CARD_FEEDBACK,
        CONSENTS,
        CARE,
        BROKEN_GLASS,
        GLASS_REVIEWS,
        HARMS,
        POLICIES,
        STOPS,
    )
}
REMOVED = (RECOMMENDATIONS.name, EVENTS.name, HARMS.name, CARDS.name, CARD_FEEDBACK.name)
"""Tables from which retention removes."""

BATCH = 500


@dataclass(frozen=True)
class _Spoken:
    """A row that a record speaks of."""

    seq: int
    at: str
    recommendation: str | None
    sha256: str


class RowCheck:
    """Takes what records say; `findings` has what was wrong once the last was taken.

    Attributes:
        compared: how many rows.
    """

    def __init__(self, connection: Connection) -> None:
        self.compared = 0
        self._connection = connection
        self._waiting: dict[str, dict[str, _Spoken]] = {name: {} for name in TABLES}
        self._seen: dict[str, set[str]] = {name: set() for name in TABLES}
        self._missing: list[tuple[str, _Spoken]] = []
        self._kept_from: str = ""
        self._removed, self._removal = 0, 0
        self._found: list[Finding] = []

    def take(self, told: Mapping[str, Any]) -> None:
        """Look at what one record says."""
        if told.get("kind") == "retention":
            self._kept_from = max(self._kept_from, str(told["detail"].get("before", "")))
            self._removed += int(told["detail"].get("recommendations", 0))
            self._removal = told["seq"]
        row = told.get("row")
        if told.get("kind") == "policy" and not row:  # taken in before its row was told of
            self._seen[POLICIES.name].add(str(told["detail"].get("manifest_sha256")))
        if not row or row["table"] not in TABLES:
            return
        waiting = self._waiting[row["table"]]
        waiting[row["id"]] = _Spoken(
            told["seq"], str(told["detail"].get("made_at", told["at"])), told.get("recommendation"), row["sha256"]
        )
        if len(waiting) >= BATCH:
            self._compare(row["table"])

    def findings(self) -> tuple[Finding, ...]:
        """What was wrong; after the last record was taken."""
        for name in TABLES:
            self._compare(name)
        removed = {
            spoken.recommendation
            for name, spoken in self._missing
            if name == RECOMMENDATIONS.name and spoken.at < self._kept_from
        }
        if (more := len(removed) - self._removed) > 0:
            told = f"{more} more answers are gone than retention removed up to record {self._removal}"
            self._add("row_missing", self._removal, told)
        for name, spoken in self._missing:
            if name not in REMOVED or spoken.recommendation not in removed:
                self._add("row_missing", spoken.seq, f"the row of {name} that record {spoken.seq} speaks of is gone")
        for name, table in TABLES.items():
            self._strangers(name, table)
        self._surroundings()
        return tuple(self._found)

    def _compare(self, name: str) -> None:
        table, spoken = TABLES[name], self._waiting[name]
        if not spoken:
            return
        first = next(iter(table.primary_key))
        keys = {key.partition(" ")[0] for key in spoken}
        wanted = [key for key in keys if first.type.python_type is not int or key.isdecimal()]
        found = {}
        for row in self._rows(table, [int(key) if first.type.python_type is int else key for key in wanted]):
            key = row_key(table, row)
            if key in spoken:
                found[key] = row_hash(table, row)
        for key, one in spoken.items():
            if key not in found:
                self._missing.append((name, one))
            elif found[key] != one.sha256:
                told = f"the row of {name} that record {one.seq} speaks of was changed"
                self._add("row_changed", one.seq, told)
        self.compared += len(found)
        self._seen[name] |= found.keys()
        spoken.clear()

    def _rows(self, table: Table, wanted: Sequence[int | str]) -> Iterator[dict[str, Any]]:
        """The rows of these keys, as the database gives them; one that cannot be read counts as changed."""
        first = next(iter(table.primary_key))
        try:
            found = [dict(row) for row in self._connection.execute(select(table).where(first.in_(wanted))).mappings()]
        except (ValueError, TypeError):  # SQLite keeps anything anywhere
            if len(wanted) > 1:
                for one in wanted:
                    yield from self._rows(table, [one])
                return
            key = dict.fromkeys(table.primary_key.columns.keys(), wanted[0])
            found = [dict.fromkeys(table.columns.keys()) | key]
        yield from found

    def _strangers(self, name: str, table: Table) -> None:
        """Rows that no record speaks of; they are looked for only if there are more rows than spoken of."""
        if self._connection.execute(select(func.count()).select_from(table)).scalar_one() == len(self._seen[name]):
            return
        keys = self._connection.execute(select(*table.primary_key)).mappings()
        strangers = sum(row_key(table, dict(row)) not in self._seen[name] for row in keys)
        self._add("row_stranger", 0, f"{strangers} rows of {name} that no record speaks of")

    def _surroundings(self) -> None:
        """What answers came from is called by its own hash, which stands in the answers' rows."""
        held = self._connection.execute(select(SURROUNDINGS)).all()
        if changed := sum(sha256(one.content.encode()) != one.sha256 for one in held):
            self._add("row_changed", 0, f"{changed} rows of {SURROUNDINGS.name} are not what their hash says")
        named = select(RECOMMENDATIONS.c.surroundings_sha256).distinct()
        wanted = set(self._connection.execute(named).scalars()) - {None}
        if gone := len(wanted - {one.sha256 for one in held}):
            self._add("row_missing", 0, f"{gone} rows of {SURROUNDINGS.name} that answers came from are gone")

    def _add(self, what: What, seq: int, told: str) -> None:
        self._found.append(Finding(what=what, first=seq, last=seq, told=told))
