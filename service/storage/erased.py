"""Who was erased, noted beside the audit's roots: a backup from before must not bring them back.

One signed line a person, by the random id that leads to nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_contracts.errors import NotReady, Refused
from service.storage.durable_line import append_line
from service.storage.key_ring import KeyRing
from service.trusted_keys import check_signature

FILE = "erased.jsonl"
PURPOSE = b"equipoise-erased/1\n"


def note_erased(folder: Path, person: str, at: datetime, ring: KeyRing) -> None:
    """Add a person; on disk when this returns.

    Raises:
        NotReady: it cannot be written, so that nobody may be erased now.
    """
    content = f"{person} {at.isoformat()}"
    signature = ring.sign(PURPOSE + content.encode()).decode()
    try:
        append_line(folder / FILE, json.dumps({"erased": content, "signature": signature}))
    except OSError as error:
        told = f"The note of who was erased cannot be written to {folder} ({error.strerror}); nobody was erased."
        raise NotReady(f"{told} Make room or mend it, and try again.") from None


def erased_persons(folder: Path, keys: Sequence[Ed25519PublicKey]) -> tuple[list[str], int]:
    """The ids of all who were erased, and how many lines of the note cannot be read or are signed by no known key."""
    path, persons, unread = folder / FILE, [], 0
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            held = json.loads(line)
            check_signature(PURPOSE + held["erased"].encode(), held["signature"].encode(), tuple(keys), "a line")
        except (ValueError, KeyError, TypeError, AttributeError, Refused):
            unread += 1
            continue
        persons.append(held["erased"].partition(" ")[0])
    return persons, unread
