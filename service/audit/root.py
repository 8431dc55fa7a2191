"""Signed roots of the chain, written to a place of their own, so that cutting its end shows.

A root says: at this time the chain had so many records, and the last of them had this hash. Whoever can write to the
database can cut or rewrite the chain's end; what a root has vouched for they cannot, without the signing key and that
place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_contracts.errors import Refused
from service.audit.chain import Link, canonical
from service.storage.durable_line import append_line
from service.storage.key_ring import KeyRing
from service.trusted_keys import check_signature

FILE = "roots.jsonl"
PURPOSE = b"equipoise-audit-root/1\n"
"""Stands before what is signed, so that no other document's signature passes for a root's."""


@dataclass(frozen=True)
class Root:
    """What was vouched for.

    Attributes:
        seq: how many records the chain had.
        hash: of the last of them.
        at: when, ISO 8601.
    """

    seq: int
    hash: str
    at: str


def write_root(folder: Path, head: Link, ring: KeyRing, now: datetime) -> Root:
    """Add a root to the file in a folder; on disk when this returns.

    Raises:
        OSError: it cannot be written.
    """
    root = Root(head.seq, head.hash, now.isoformat())
    signature = ring.sign(PURPOSE + _content(root)).decode()
    append_line(folder / FILE, json.dumps({"root": root.__dict__, "signature": signature}, sort_keys=True))
    return root


def read_roots(folder: Path, keys: Sequence[Ed25519PublicKey]) -> tuple[list[Root], list[str]]:
    """The roots whose signatures hold, by their places in the chain; and what is wrong with the others, in words."""
    path, roots, problems = folder / FILE, [], []
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines[:-1], 1):
        root = _root(line, tuple(keys))
        if root is None:
            problems.append(f"line {number} of {path} is no root signed by a known key")
        else:
            roots.append(root)
    if lines[-1]:  # a process was killed while it wrote: nothing was vouched for
        problems.append(f"the last line of {path} is not finished")
    return sorted(roots, key=lambda root: root.seq), problems


def _content(root: Root) -> bytes:
    return canonical(root.__dict__).encode()


def _root(line: bytes, keys: tuple[Ed25519PublicKey, ...]) -> Root | None:
    try:
        held = json.loads(line)
        root = Root(int(held["root"]["seq"]), str(held["root"]["hash"]), str(held["root"]["at"]))
        check_signature(PURPOSE + _content(root), held["signature"].encode(), keys, "a root")
    except (ValueError, KeyError, TypeError, AttributeError, Refused):
        return None
    return root
