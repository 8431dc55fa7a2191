"""Disclosure control: no count of 1 to 10 patients is shown, nor can it be worked out from what is shown.

Episodes are shown, and judged by the patients whose they are (``data_contracts.patient_count``): those of one patient
are one patient's, however many. Counts come as a list that adds up to a total the reader knows (the levels of one
covariate in one arm).

1. What 1 to 10 patients have is shown as "<11"; zero is shown.
2. If there is one, the first count of more patients is withheld too, whatever its size: what is left after subtracting
   the rest from the total is then a sum, not a count.
3. If the patients of that sum are so few that it would narrow a count of 1 to 10, every count of the list is withheld.

Step 2 goes by position, not by size: a choice by size would itself tell something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from data_contracts.patient_count import MINIMUM_CELL, Count, Split

SMALL = f"<{MINIMUM_CELL}"
WITHHELD = "withheld"
NOTATION = (
    f"{SMALL}: 1 to {MINIMUM_CELL - 1} patients; {WITHHELD}: kept back so that such a number cannot be worked out; "
    "≥: at least that many, the exact number would tell such a number."
)

Shown: TypeAlias = int | str
"""A count, or why it is not shown."""


def disclose_alone(count: Count) -> Shown:
    """Episodes that add up with no others to anything that is known."""
    return SMALL if count.is_small else count.episodes


def disclose_patients(count: Count) -> Shown:
    """How many patients some episodes are of, to a reader who knows how many episodes they are.

    The difference is of those who came again; where it is 1 to 10 the least number of patients is told.
    """
    again = count.episodes - count.patients
    return f"≥{count.episodes - MINIMUM_CELL + 1}" if 0 < again < MINIMUM_CELL else count.patients


def disclose_all_patients(by_arm: Sequence[Count], patients: int) -> Shown:
    """How many patients all arms have, to a reader who knows how many each has.

    The difference is of those who started several arms, each of whom is in it once for each arm but one: where it may
    be made by 1 to 10 of them the least number of patients is told, and where an arm's own number is not.
    """
    several, most = sum(count.patients for count in by_arm) - patients, MINIMUM_CELL * (len(by_arm) - 1)
    known = [disclose_patients(count) for count in by_arm]
    if 0 < several < most or not all(isinstance(count, int) for count in known):
        return f"≥{max(map(least, known))}"
    return disclose_patients(Count(sum(count.episodes for count in by_arm), patients))


def disclose(counts: Sequence[Count]) -> list[Shown]:
    """Episodes as they may be shown, in the same order, to a reader who knows their total."""
    small = [count.patients for count in counts if count.is_small]
    if not small:
        return [count.episodes for count in counts]
    first = next((i for i, count in enumerate(counts) if count.patients >= MINIMUM_CELL), None)
    if first is None or not _leaves_room(sum(small) + counts[first].patients, len(small)):
        return [WITHHELD] * len(counts)
    shown: list[Shown] = [SMALL if count.is_small else count.episodes for count in counts]
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


def disclose_left(split: Split) -> tuple[Shown, Shown]:
    """How many of what was started are left and how many are not, to a reader who knows how many were started."""
    left, lost = split.inside, split.outside
    rest = f"≥{max(split.episodes - MINIMUM_CELL + 1, 0)}" if _one_each(split) else WITHHELD
    if lost.is_small:
        return rest, SMALL
    if left.is_small:
        return SMALL, rest
    return left.episodes, lost.episodes


def _one_each(split: Split) -> bool:
    """Whether no patient has a second episode on either side, so that few patients have few episodes."""
    return split.episodes == split.inside.patients + split.outside.patients


def disclose_falls(counts: Sequence[Count]) -> list[Shown]:
    """Counts of what is left after each of several steps, to a reader who knows the last: no fall of 1 to 10 shows.

    A count that lies so little above the next one shown is told as at least that one; one of 1 to 10 as small. Of
    patients with several episodes the smallest number that can be gone counts.
    """
    shown: list[Shown] = []
    below: Count | None = None
    for count in reversed(counts):
        if count.is_small:
            shown.append(SMALL)
        elif below is not None and is_small_fall(count, below):
            shown.append(f"≥{below.episodes}")
        else:
            shown.append(count.episodes)
            below = count
    return shown[::-1]


def is_small_fall(above: Count, below: Count) -> bool:
    """Whether episodes fall, and may do so by those of 1 to 10 patients."""
    return above.episodes > below.episodes and above.patients - below.patients < MINIMUM_CELL


def disclose_share(split: Split) -> float | str:
    """Share inside, to three decimals, or its bound where it or the rest is of 1 to 10 patients.

    Where patients have several episodes, few patients may have many: the bound is then in tenths.
    """
    total = split.episodes
    if split.inside.is_small:
        bound = math.ceil(1000 * MINIMUM_CELL / total) / 1000
        return f"<{bound if _one_each(split) else max(bound, _tenths(split.share) + 0.1):.3f}"
    if split.outside.is_small:
        bound = math.floor(1000 * (1 - MINIMUM_CELL / total)) / 1000
        return f">{bound if _one_each(split) else min(bound, 0.9 - _tenths(1 - split.share)):.3f}"
    return round(split.share, 3)


def coarse_share(split: Split) -> float:
    """A share that must be a number, to three decimals: 1 to 10 patients inside count as none, outside as eleven.

    It errs on the side of the smaller share, by less than eleven of the total; by less than a tenth of it where
    patients have several episodes.
    """
    inside, total = split.inside.episodes, split.episodes
    if split.inside.is_small:
        return 0.0
    if split.outside.is_small and not _one_each(split):
        return max(_tenths(split.share), 0.0)
    if split.outside.is_small:
        inside = max(total - MINIMUM_CELL, 0)
    return math.floor(1000 * inside / total) / 1000


def _tenths(share: float) -> float:
    return math.floor(10 * share) / 10


def least(shown: Shown) -> int:
    """The smallest number that what is shown allows."""
    if isinstance(shown, int):
        return shown
    return int(shown[1:]) if shown.startswith("≥") else int(shown == SMALL)
