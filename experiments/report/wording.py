"""How numbers and lists are written on the page and in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

NOTHING = "–"
MINUS = "−"
MAX_DECIMALS = 6
LABEL = 36
"""Characters of a label in a picture."""


def number(value: float | str | None, digits: int = 2) -> str:
    """A number with fixed decimals and a true minus sign; text as it is; a dash for none."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    text = f"{value:,.{digits}f}"
    bare = text.lstrip("-")
    return text if bare == text else bare if not bare.strip("0.,") else MINUS + bare


def percent(value: float | str | None) -> str:
    """A share as a percentage, also where only its bound is told ("<0.003" is "<0.3 %")."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return f"{value[0]}{100 * float(value[1:]):.1f} %"
    return f"{100 * value:.0f} %" if value in (0, 1) else f"{100 * value:.1f} %"


def whole_percent(value: float | None) -> str:
    """A share that is known in hundredths, as a percentage."""
    return NOTHING if value is None else f"{100 * value:.0f} %"


def p_value(p: float) -> str:
    """How likely chance alone is, in two decimals; never 0."""
    return "p < 0.01" if p < 0.005 else f"p {p:.2f}"


def times(multiple: float | None) -> str:
    """How many times as strong: the larger, the fewer digits are worth showing."""
    if multiple is None:
        return NOTHING
    return "above 100" if multiple > 100 else number(multiple, 1 if multiple < 10 else 0)


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a sentence lists them: "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def not_compared(columns: Sequence[str]) -> str:
    """That nobody said what share of a population a group should be, so that nothing says whom a study missed."""
    return (
        f"Whom the records miss was not looked at for {listed(columns)}: the protocol's reference_population does not "
        "say what shares the population has."
    )


def short(text: str) -> str:
    """A label that leaves room for the picture beside it."""
    return text if len(text) <= LABEL else text[: LABEL - 1] + "…"


def decimals(spreads: Iterable[float]) -> int:
    """How many decimals are worth showing: two significant digits of the smallest spread, none for a spread of 10."""
    smallest = min((spread for spread in spreads if 0 < spread < math.inf), default=1.0)
    return min(max(1 - math.floor(math.log10(smallest)), 0), MAX_DECIMALS)


def shown_mean(mean: float | None, sd: float | None, digits: int) -> str:
    """Mean (SD), or a dash where they are not told."""
    return NOTHING if mean is None else f"{number(mean, digits)} ({number(sd, digits)})"


def in_words(count: int | str) -> str:
    """A count within a sentence."""
    return shown_count(count).replace("≥", "at least ")


def episodes_of(episodes: int | str, patients: int | str) -> str:
    """A number of episodes, and of how many patients they are where that is another number."""
    told = f"{shown_count(episodes)} episodes"
    return told if patients == episodes else f"{told} of {in_words(patients)} patients"


def shown_count(count: int | str, share: float | None = None) -> str:
    """A count with its percentage, or why it is not shown."""
    if isinstance(count, str):
        return f"{count[0]}{int(count[1:]):,}" if count[1:].isdigit() else count
    return f"{count:,}" if share is None else f"{count:,} ({share:.1f} %)"
