"""What of a patient's record was left out or not understood: told beside the answer, without any value of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

NoteKind = Literal["left_out", "not_understood", "too_old", "suspected", "contradiction", "cut_off"]

HEADS: dict[NoteKind, str] = {
    "left_out": "Left out",
    "not_understood": "Not understood, so unknown",
    "too_old": "Too old, so unknown",
    "suspected": "Suspected, and counted as there",
    "contradiction": "Contradictory, so not used",
    "cut_off": "Cut off",
}


@dataclass(frozen=True)
class Note:
    """One thing that did not count as it stands.

    Attributes:
        kind: why.
        what: the sort of thing, in the plural ("conditions entered in error").
        where: its place in what was sent.
    """

    kind: NoteKind
    what: str
    where: str


def told(notes: Iterable[Note]) -> list[str]:
    """Notes in sentences: each sort of thing once, with how often it was met."""
    counts: dict[tuple[NoteKind, str], int] = {}
    for note in notes:
        counts[note.kind, note.what] = counts.get((note.kind, note.what), 0) + 1
    by_kind: dict[NoteKind, list[str]] = {}
    for (kind, what), count in counts.items():
        by_kind.setdefault(kind, []).append(f"{what} ({count})")
    return [f"{HEADS[kind]}: {'; '.join(by_kind[kind])}." for kind in HEADS if kind in by_kind]
