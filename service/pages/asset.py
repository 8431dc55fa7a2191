"""Scripts and styles as package data, each at an address that holds its hash; nothing comes from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
ADDRESS = "/assets/"


@dataclass(frozen=True)
class Asset:
    """One file that pages load.

    Attributes:
        name: its file's name.
        content: its bytes.
        kind: its media type.
        sha256: of the content, in hex.
    """

    name: str
    content: bytes
    kind: str
    sha256: str

    @property
    def address(self) -> str:
        """Where it is got; another content has another address, so that it may be kept for ever."""
        return f"{ADDRESS}{self.sha256[:16]}/{self.name}"


@cache
def load_assets() -> Mapping[str, Asset]:
    """Every asset by its name; read once."""
    found = {}
    root = files("service.pages") / "assets"
    for folder in (root, root / "vendor"):
        for file in folder.iterdir():
            kind = next((told for end, told in KINDS.items() if file.name.endswith(end)), None)
            if kind is not None:
                content = file.read_bytes()
                found[file.name] = Asset(file.name, content, kind, hashlib.sha256(content).hexdigest())
    return MappingProxyType(found)
