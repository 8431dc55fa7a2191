"""Pages of a list: where the reader is, and what lies before and after."""

from __future__ import annotations

from dataclasses import dataclass

FARTHEST = 1_000_000
"""No list here is as long; a larger number means the same: past the end."""


@dataclass(frozen=True)
class Paging:
    """One page of a list.

    Attributes:
        address: of the list; the number of a page follows it.
        number: the page's, from 1.
        more: whether another one follows.
        past: whether the list ends before this page.
    """

    address: str
    number: int
    more: bool
    past: bool

    @property
    def status(self) -> int:
        """Of the answer: past its end a list has no page."""
        return 404 if self.past else 200


def page_asked(number: int) -> int:
    """The number that an address asks for, as one that a list can have."""
    return min(max(number, 1), FARTHEST)


def paging(address: str, number: int, rows: int, *, more: bool) -> Paging:
    """Where a page with so many rows lies."""
    return Paging(address, number, more, past=number > 1 and rows == 0)
