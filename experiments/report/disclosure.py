"""Disclosure control: no count of 1 to 10 patients is shown, nor can it be worked out from what is shown.

Counts come as a list that adds up to a total the reader knows (the levels of one covariate in one arm).

1. A count of 1 to 10 is shown as "<11"; zero is shown.
2. If there is one, the first larger count of the list is withheld too, whatever its size: what is left after
   subtracting the rest from the total is then a sum, not a count.
3. If that sum is so small that it would narrow a count of 1 to 10, every count of the list is withheld.

Step 2 goes by position, not by size: a choice by size would itself tell something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from estimators.design import MINIMUM_CELL

SMALL = f"<{MINIMUM_CELL}"
WITHHELD = "withheld"
NOTATION = (
    f"{SMALL}: 1 to {MINIMUM_CELL - 1} patients; {WITHHELD}: kept back so that such a number cannot be worked out; "
    "≥: at least that many, the exact number would tell such a number."
)

Shown: TypeAlias = int | str
"""A count, or why it is not shown."""


def is_small(count: int) -> bool:
    """Whether a count could point at a person."""
    return 0 < count < MINIMUM_CELL


def disclose(counts: Sequence[int]) -> list[Shown]:
    """Counts as they may be shown, in the same order, to a reader who knows their total."""
    small = [count for count in counts if is_small(count)]
    if not small:
        return list(counts)
    first = next((i for i, count in enumerate(counts) if count >= MINIMUM_CELL), None)
    if first is None or not _leaves_room(sum(small) + counts[first], len(small)):
        return [WITHHELD] * len(counts)
    shown: list[Shown] = [SMALL if is_small(count) else count for count in counts]
    shown[first] = WITHHELD
    return shown


def _leaves_room(hidden: int, small: int) -> bool:
    """Whether each of the small counts could be anything from 1 to 10, given the sum of all that is hidden.

    The others take at least 1 each and the withheld one at least 11.
    """
    return hidden - (small - 1) - MINIMUM_CELL >= MINIMUM_CELL - 1


def completed(shown: Sequence[Shown], total: int) -> list[int]:
    """Counts that a reader of ``disclose``'s list might guess; what is made of them tells nothing that the list hides.

    Each "<11" becomes 5, or less where the list leaves no room for that, and what is withheld takes the rest; of a
    list that is withheld whole all are alike.
    """
    known = sum(count for count in shown if isinstance(count, int))
    if (small := list(shown).count(SMALL)) == 0:
        return [count if isinstance(count, int) else round((total - known) / len(shown)) for count in shown]
    guess = min((MINIMUM_CELL - 1) // 2, (total - known - MINIMUM_CELL) // small)
    rest = total - known - guess * small
    return [count if isinstance(count, int) else guess if count == SMALL else rest for count in shown]


def disclose_left(left: int, started: int) -> tuple[Shown, Shown]:
    """How many of those who started are left and how many are not, to a reader who knows how many started."""
    lost = started - left
    rest = f"≥{max(started - MINIMUM_CELL + 1, 0)}"
    if is_small(lost):
        return rest, SMALL
    if is_small(left):
        return SMALL, rest
    return left, lost


def disclose_falls(counts: Sequence[int]) -> list[Shown]:
    """Counts of what is left after each of several steps, to a reader who knows the last: no fall of 1 to 10 shows.

    A count that lies so little above the next one shown is told as at least that one; one of 1 to 10 as small.
    """
    shown: list[Shown] = []
    below: int | None = None
    for count in reversed(counts):
        if is_small(count):
            shown.append(SMALL)
        elif below is not None and is_small(count - below):
            shown.append(f"≥{below}")
        else:
            shown.append(count)
            below = count
    return shown[::-1]


def disclose_share(count: int, total: int) -> float | str:
    """Share of a known total, to three decimals, or its bound where it or the rest is 1 to 10."""
    if is_small(count):
        return f"<{math.ceil(1000 * MINIMUM_CELL / total) / 1000:.3f}"
    if is_small(total - count):
        return f">{math.floor(1000 * (1 - MINIMUM_CELL / total)) / 1000:.3f}"
    return round(count / total, 3)


def coarse_share(share: float, total: int) -> float:
    """A share of a total that must be a number, to three decimals: 1 to 10 inside count as none, outside as eleven.

    It errs on the side of the smaller share, by less than eleven of the total.
    """
    inside = round(share * total)
    if is_small(inside):
        return 0.0
    if is_small(total - inside):
        inside = max(total - MINIMUM_CELL, 0)
    return math.floor(1000 * inside / total) / 1000


def least(shown: Shown) -> int:
    """The smallest number that what is shown allows."""
    if isinstance(shown, int):
        return shown
    return int(shown[1:]) if shown.startswith("≥") else int(shown == SMALL)
