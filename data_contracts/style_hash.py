"""How a policy of content tells a style: by the hash of its text."""

from __future__ import annotations

import hashlib
from base64 import b64encode


def style_hash(style: bytes) -> str:
    """The source expression of a style's text (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return f"'sha256-{b64encode(hashlib.sha256(style).digest()).decode('ascii')}'"
