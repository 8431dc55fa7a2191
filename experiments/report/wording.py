"""How numbers and lists are written on the page and in sentences."""

from __future__ import annotations

from collections.abc import Sequence

NOTHING = "–"
MINUS = "−"


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


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a sentence lists them: "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def capital(sentence: str) -> str:
    """The sentence with its first letter large, unless it opens with a name in code (with an underscore or digit)."""
    first = sentence.split(" ", 1)[0]
    return sentence if not first.isalpha() else sentence[:1].upper() + sentence[1:]


def shown_mean(mean: float | None, sd: float | None) -> str:
    """Mean (SD) with as many decimals as two significant digits of the SD need."""
    if mean is None or sd is None:
        return NOTHING
    digits = 0
    while digits < 4 and 0 < sd * 10**digits < 10:
        digits += 1
    return f"{number(mean, digits)} ({number(sd, digits)})"
