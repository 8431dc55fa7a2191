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
        kept: of the root that a restored backup begins with: how many records the backup had; else None.
    """

    seq: int
    hash: str
    at: str
    kept: int | None = None


@dataclass(frozen=True)
class Roots:
    """What the file of roots says.

    Attributes:
        held: those whose signatures hold, by their places in the chain.
        lost: in words, what roots of before vouched for and a restored backup did not have.
        problems: in words, what is wrong with other lines.
    """

    held: tuple[Root, ...] = ()
    lost: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def write_root(folder: Path, head: Link, ring: KeyRing, now: datetime, kept: int | None = None) -> Root:
    """Add a root to the file in a folder; on disk when this returns.

    Raises:
        OSError: it cannot be written.
    """
    root = Root(head.seq, head.hash, now.isoformat(), kept)
    signature = ring.sign(PURPOSE + _content(root)).decode()
    append_line(folder / FILE, json.dumps({"root": _told(root), "signature": signature}, sort_keys=True))
    return root


def read_roots(folder: Path, keys: Sequence[Ed25519PublicKey]) -> Roots:
    """The roots of a folder.

    A signed root of a restored backup ends what those before it vouched for beyond the backup: it is told as lost.
    Whoever has the database alone cannot write one.
    """
    path, roots, lost, problems = folder / FILE, list[Root](), [], []
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines[:-1], 1):
        root = _root(line, tuple(keys))
        if root is None:
            problems.append(f"line {number} of {path} is no root signed by a known key")
            continue
        if root.kept is not None and (gone := [one for one in roots if one.seq > root.kept]):
            last, when = max(one.seq for one in gone), f"when a backup was restored ({root.at})"
            lost.append(f"records {root.kept + 1} to {last} of before were lost {when}")
            roots = [one for one in roots if one not in gone]
        roots.append(root)
    if lines[-1]:  # a process was killed while it wrote: nothing was vouched for
        problems.append(f"the last line of {path} is not finished")
    return Roots(tuple(sorted(roots, key=lambda root: root.seq)), tuple(lost), tuple(problems))


def _told(root: Root) -> dict[str, int | str]:
    return {name: value for name, value in root.__dict__.items() if value is not None}


def _content(root: Root) -> bytes:
    return canonical(_told(root)).encode()


def _root(line: bytes, keys: tuple[Ed25519PublicKey, ...]) -> Root | None:
    try:
        held = json.loads(line)
        told = held["root"]
        root = Root(int(told["seq"]), str(told["hash"]), str(told["at"]), told.get("kept"))
        check_signature(PURPOSE + _content(root), held["signature"].encode(), keys, "a root")
    except (ValueError, KeyError, TypeError, AttributeError, Refused):
        return None
    return root
