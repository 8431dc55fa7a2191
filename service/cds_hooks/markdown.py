"""Text for cards: GitHub-flavoured Markdown in which nothing that came from elsewhere can be markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~#!$@&])")
_ADDRESS = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=\bwww)\.")
_LIST = re.compile(r"([-+=]|\d+[.)])")


def escaped(text: str) -> str:
    """One line of text as it reads within another: markup and addresses are made plain."""
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    if "://" not in line and "www." not in line.lower():
        return line
    return _ADDRESS.sub(lambda match: f"\\{match[0]}", line)


def bullets(lines: Iterable[str]) -> str:
    """A list, each line escaped, also where it begins as a list within the list would."""
    return "\n".join(f"* {_no_list(escaped(line))}" for line in lines)


def _no_list(line: str) -> str:
    match = _LIST.match(line)
    return line if match is None else f"{match[1][:-1]}\\{match[1][-1]}{line[match.end() :]}"
