"""`equipoise-lab promotions`: every move of a policy's aliases, as it was written down."""

from __future__ import annotations

import json
from collections.abc import Sequence

from data_contracts.alias_move import WrittenMove
from experiments.tracking import CHALLENGER, CHAMPION, alias_moves, alias_version

HEADS = ("when", "alias", "from", "to", "by", "why", "gates", "doubts")


def as_data(name: str) -> str:
    """The records as one JSON list, the first move first, each with its doubts.

    Raises:
        NotFound: no such registered policy.
    """
    moves = alias_moves(name)
    rows = [{**one.move.model_dump(mode="json"), "doubts": _doubts(one)} for one in moves]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def as_table(name: str) -> str:
    """The records as lines for a person, and a warning for each alias that stands where no record put it.

    Raises:
        NotFound: no such registered policy.
    """
    moves = alias_moves(name)
    rows = [HEADS, *(_row(one) for one in moves)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *unrecorded(name, moves)])


def unrecorded(name: str, moves: Sequence[WrittenMove]) -> list[str]:
    """Aliases that stand elsewhere than the last record says: moved by hand, or a move that was not finished."""
    told = []
    for alias in (CHALLENGER, CHAMPION):
        last = [one.move.to_version for one in moves if one.move.alias == alias][-1:]
        stands = alias_version(name, alias)
        if stands != (last[0] if last else None):
            place = f"version {stands}" if stands else "nowhere"
            said = f"version {last[0]}" if last else "nowhere"
            told.append(
                f"{alias} stands at {place}, by the records at {said}: somebody moved it without this command."
            )
    return told


def _row(one: WrittenMove) -> tuple[str, ...]:
    move = one.move
    waived = f" (accepted waivers: {', '.join(move.waivers)})" if move.waivers else ""
    return (
        move.at[:19] + "Z",
        move.alias,
        move.from_version or "–",
        move.to_version,
        move.by,
        move.why + waived,
        move.gates_sha256[:12],
        ", ".join(_doubts(one)) or "none",
    )


def _doubts(one: WrittenMove) -> list[str]:
    """What does not agree about a record."""
    return ([] if one.signed else ["not signed by a trusted key"]) + (
        [] if one.follows else ["the record before it is missing or was changed"]
    )
