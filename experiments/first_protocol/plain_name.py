"""Names as a protocol writes them, made of whatever a table holds."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 70


def plain_name(text: str) -> str:
    """Small letters, digits and underscores, accents gone: "KVT, Größe 2" becomes kvt_grosse_2; never empty."""
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_")[:LONGEST].rstrip("_") or "x"
