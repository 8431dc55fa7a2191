"""Text for cards: GitHub-flavoured Markdown in which nothing that came from elsewhere can be markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~#!$@&])")
_ADDRESS = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=\bwww)\.")
_LIST = re.compile(r"^([-+=]|\d+[.)])")


def escaped(text: str) -> str:
    """One line of text as it reads within another: markup and addresses are made plain."""
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _ADDRESS.sub(lambda match: f"\\{match[0]}", line)


def bullets(lines: Iterable[str]) -> str:
    """A list, each line escaped, also where it begins as a list within the list would."""
    plain = (_LIST.sub(lambda match: f"{match[1][:-1]}\\{match[1][-1]}", escaped(line)) for line in lines)
    return "\n".join(f"* {line}" for line in plain)
