"""Names in a row, as a sentence has them."""

from __future__ import annotations

from collections.abc import Sequence


def joined(names: Sequence[str], word: str = "and") -> str:
    """Names in a row: "a", "a and b", "a, b and c"; with semicolons where a name has a comma of its own."""
    if len(names) < 2:
        return "".join(names)
    if len(names) > 2 and "," in "".join(names):
        return f"{'; '.join(names[:-1])}; {word} {names[-1]}"
    return f"{', '.join(names[:-1])} {word} {names[-1]}"
