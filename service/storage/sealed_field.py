"""Fields that open only with the person's key and only at their own place: AES-256-GCM, bound to table, row and field.

A field that was moved to another row, column or person, or changed by one bit, does not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from data_contracts.errors import Tampered

NONCE = 12
"""Bytes before each ciphertext, drawn at random; a person's key seals far fewer than 2^32 fields (NIST SP 800-38D)."""

KEY_BYTES = 32


@dataclass(frozen=True)
class Place:
    """Where a sealed field stands; part of what its seal vouches for.

    Attributes:
        table, row, field: names of table and column, and the row's key.
    """

    table: str
    row: str
    field: str

    @property
    def bound(self) -> bytes:
        """The place as associated data; a line break stands in none of the parts."""
        return f"{self.table}\n{self.row}\n{self.field}".encode()


def seal(secret: bytes, content: bytes, place: Place) -> bytes:
    """The content as nonce and ciphertext that open at this place alone."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, content, place.bound)


def unseal(secret: bytes, sealed: bytes, place: Place) -> bytes:
    """The content of a sealed field.

    Raises:
        Tampered: it was changed, moved, or sealed with another key.
    """
    try:
        return AESGCM(secret).decrypt(sealed[:NONCE], sealed[NONCE:], place.bound)
    except (InvalidTag, ValueError):
        told = (
            f"A sealed field ({place.table}.{place.field}) does not open: it was changed, moved, or is another key's."
        )
        raise Tampered(f"{told} Run `equipoise audit verify` and compare with a backup.") from None
