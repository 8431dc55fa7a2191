"""The hash by which the audit's chain vouches for a row of another table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def row_hash(parts: Iterable[str | bytes | None]) -> str:
    """sha256 over the parts of a row, each with its length, so that no two rows share one.

    Of sealed fields these are the sealed bytes: the hash tells nothing of their content, and holds after an erasure.
    """
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(b"-" if raw is None else b"%d:" % len(raw))
        digest.update(raw or b"")
    return digest.hexdigest()
