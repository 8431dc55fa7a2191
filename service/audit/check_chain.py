"""Follows the chain from its start and tells every place where it is not what was written. Free of any database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from service.audit.chain import NOTHING, Content, Link, RowContent, SealOf, hash_of
from service.audit.finding import Finding, What
from service.audit.root import Root

UNSEALED = 1
"""The form of records of before they were sealed."""


class ChainCheck:
    """Takes the records in the order of their places; `findings` has what was wrong once the last was taken.

    Args:
        roots: signed ones.
        seal_of: makes the seal of a record of its hash; None where the keys are not at hand.

    Attributes:
        last: the record that was taken last.
    """

    def __init__(self, roots: Sequence[Root], seal_of: SealOf | None = None) -> None:
        self.last: Link = NOTHING
        self._seal_of, self._sealed = seal_of, False
        self._roots: dict[int, list[Root]] = {}
        for root in roots:  # after a cut the chain may come to the same place again, with another record
            self._roots.setdefault(root.seq, []).append(root)
        self._found: list[Finding] = []
        self._doubtful = False
        self._vouched = 0

    def take(self, link: Link) -> dict[str, Any] | None:
        """Look at the next record; what it says, None if that cannot be read or is not what was written."""
        before, doubtful = self.last, self._doubtful
        place: object = link.seq
        if not isinstance(place, int):  # SQLite keeps anything anywhere
            self._add("out_of_order", before.seq + 1, before.seq + 1, "is followed by one in no place at all")
            return None
        gap = link.seq > before.seq + 1
        if gap:
            self._add("missing", before.seq + 1, link.seq - 1, "are gone")
        told = _read(link)
        self._doubtful = self._own_fault(link, told)
        if not self._doubtful and told and not gap and not doubtful and told.get("previous") != before.hash:
            first = max(before.seq, 1)
            self._add("broken", first, link.seq, "do not follow on each other: one of them was changed")
            self._doubtful = True
        self._compare(link)
        self.last = link
        return None if self._doubtful else told

    def findings(self) -> tuple[Finding, ...]:
        """What was wrong, neighbours of one kind as one; after the last record was taken."""
        if (newest := max(self._roots, default=0)) > self.last.seq:
            told = f"are gone, of which a root of {self._roots[newest][0].at} tells"
            self._add("cut", self.last.seq + 1, newest, told)
        return tuple(_joined(self._found))

    def _own_fault(self, link: Link, told: dict[str, Any] | None) -> bool:
        """Whether the record by itself is not what was written."""
        if told is None or hash_of(link.content) != link.hash:
            self._add("edited", link.seq, link.seq, "is not what its hash says")
            return True
        if told.get("seq") != link.seq:
            self._add("out_of_order", link.seq, link.seq, "is another's that was put here")
            return True
        self._check_seal(link, told)
        return False

    def _check_seal(self, link: Link, told: dict[str, Any]) -> None:
        """Whether the service wrote it; once it sealed one, all that follow are sealed."""
        self._sealed = self._sealed or told["v"] != UNSEALED
        if self._seal_of is not None and self._sealed and link.seal != self._seal_of(link.hash):
            self._add("forged", link.seq, link.seq, "is not sealed by the service's keys: somebody else wrote it")

    def _compare(self, link: Link) -> None:
        roots = self._roots.get(link.seq, ())
        other = next((root for root in roots if root.hash != link.hash), None)
        if other is not None and not self._any_after(self._vouched):
            told = f"agree with each other, and not with the root of {other.at}: what was written was replaced"
            self._add("rewritten", self._vouched + 1, link.seq, told)
        if roots:
            self._vouched = link.seq

    def _any_after(self, seq: int) -> bool:
        return any(found.last > seq for found in self._found)

    def _add(self, what: What, first: int, last: int, told: str) -> None:
        self._found.append(Finding(what=what, first=first, last=last, told=told))


def _read(link: Link) -> dict[str, Any] | None:
    """What a record says, if it is a text of the form of a record."""
    content: object = link.content
    if not isinstance(content, str):  # SQLite keeps anything anywhere
        return None
    try:
        told = json.loads(content)
        return told if is_record(told) else None
    except (ValueError, TypeError, RecursionError):
        return None


def is_record(told: Any) -> bool:
    """Whether a content is of the form of a record.

    Raises:
        ValueError, TypeError: it is not, by a time or a row.
    """
    if not isinstance(told, dict) or told.keys() != Content.__annotations__.keys():
        return False
    datetime.fromisoformat(told["at"])
    row, detail = told["row"], told["detail"]
    if not isinstance(detail, dict):
        return False
    if row is not None and (not isinstance(row, dict) or row.keys() != RowContent.__annotations__.keys()):
        return False
    texts = (told["kind"], told["person"] or "", told["recommendation"] or "", *(row or {}).values())
    return all(isinstance(one, str) for one in texts)


def _joined(found: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for a run of neighbours of the same kind, its place put into words."""
    waiting: Finding | None = None
    for one in sorted(found, key=lambda one: (one.what, one.first)):
        near = waiting and waiting.what == one.what and waiting.last + 1 >= one.first and one.what in SINGLE
        if waiting is not None and near:
            waiting = waiting.model_copy(update={"last": max(waiting.last, one.last)})
            continue
        if waiting is not None:
            yield _worded(waiting)
        waiting = one
    if waiting is not None:
        yield _worded(waiting)


SINGLE: frozenset[What] = frozenset({"edited", "forged", "out_of_order"})


def _worded(one: Finding) -> Finding:
    place = f"record {one.first}" if one.first == one.last else f"records {one.first} to {one.last}"
    return one.model_copy(update={"told": f"{place} {one.told}"})
