"""The service's secrets: master keys, the key of lookups, and the key that signs. Their text is never shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from data_contracts.errors import BadUsage, Refused
from data_contracts.patient_identifier import normal_identifier
from service.storage.sealed_field import KEY_BYTES, Place, seal, unseal

FORMAT = "equipoise-keys/1"


@dataclass(frozen=True, repr=False)
class MasterKey:
    """A key that wraps the keys of persons.

    Attributes:
        id: its name, kept beside all that it wraps.
        made: when, UTC.
        secret: 32 bytes.
    """

    id: str
    made: datetime
    secret: bytes

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"


@dataclass(frozen=True, repr=False)
class KeyRing:
    """All secrets of one service.

    Attributes:
        masters: the one that wraps first; the others only unwrap what they wrapped before.
        lookup: makes the keyed hash by which a patient is found; it is not rotated, as all lookups hang on it.
        signing: 32 bytes of an Ed25519 private key, for the audit's roots, backups and the list of withdrawn patients.
        newest: gives the ring as it is by now: keys may be rotated while somebody is at work with this one.
    """

    masters: tuple[MasterKey, ...]
    lookup: bytes
    signing: bytes
    newest: Callable[[], KeyRing] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(master.id for master in self.masters)})"

    @property
    def current(self) -> MasterKey:
        """The master key that wraps."""
        return self.masters[0]

    def pseudonym(self, organisation: str, patient_id: str) -> str:
        """The keyed hash (HMAC-SHA256, hexadecimal) that a patient of an organisation is looked up by."""
        return self._keyed(f"patient of {organisation}", normal_identifier(patient_id))

    def caller(self, issuer: str, subject: str) -> str:
        """The keyed hash that somebody whom an issuer names is looked up by."""
        return self._keyed(f"caller of {issuer}", subject)

    def keyed(self, purpose: str, text: str) -> str:
        """A keyed hash (HMAC-SHA256, hexadecimal) by which a text is found again and never read."""
        return self._keyed(purpose, text)

    def record_seal(self, digest: str) -> str:
        """What is kept beside an audit record of this hash: that the service wrote it, and nobody at the database."""
        return self._keyed("audit record", digest)

    @property
    def list_salt(self) -> str:
        """What the list of withdrawn patients is hashed with; it may be known, as it tells nothing of any key."""
        return self._keyed("salt of the list of withdrawn patients", "")

    def wrap(self, secret: bytes, person: str) -> tuple[str, bytes]:
        """A person's key, wrapped: the master key's id, and what it made of it."""
        return self.current.id, seal(self.current.secret, secret, _wrapped_at(person, self.current.id))

    def unwrap(self, key_id: str, wrapped: bytes, person: str) -> bytes:
        """A person's key.

        Raises:
            Refused: the master key is not, or no longer, among those configured.
            Tampered: the wrapped key was changed or is another person's.
        """
        master = self._master(key_id) or (self.newest()._master(key_id) if self.newest else None)
        if master is not None:
            return unseal(master.secret, wrapped, _wrapped_at(person, key_id))
        step = "Configure the key ring that this database was written with; a retired key opens nothing."
        raise Refused(f"A person's key was wrapped by a master key that is not configured. {step}")

    def sign(self, content: bytes) -> bytes:
        """Base64 text of the Ed25519 signature over a content."""
        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(self.signing).sign(content))

    @property
    def public_pem(self) -> bytes:
        """The public half of the signing key, in PEM."""
        public = Ed25519PrivateKey.from_private_bytes(self.signing).public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def with_new_master(self, now: datetime) -> KeyRing:
        """The ring with a new master key that wraps from now on."""
        return replace(self, masters=(new_master(now), *self.masters))

    def with_spare_master(self, now: datetime) -> KeyRing:
        """The ring with a new master key that only unwraps as yet."""
        return replace(self, masters=(*self.masters, new_master(now)))

    def using(self, key_id: str) -> KeyRing:
        """The ring with one of its master keys as the one that wraps."""
        first = [master for master in self.masters if master.id == key_id]
        return replace(self, masters=(*first, *(master for master in self.masters if master.id != key_id)))

    def without(self, key_id: str) -> KeyRing:
        """The ring without one of the master keys that no longer wrap."""
        return replace(self, masters=tuple(master for master in self.masters if master.id != key_id))

    def dumped(self) -> str:
        """The ring as JSON text: all secrets in clear, for the key file alone."""
        masters = [{"id": one.id, "made": one.made.isoformat(), "key": _text(one.secret)} for one in self.masters]
        rest = {"lookup": _text(self.lookup), "signing": _text(self.signing)}
        return json.dumps({"format": FORMAT, "masters": masters, **rest}, indent=1) + "\n"

    def _master(self, key_id: str) -> MasterKey | None:
        return next((master for master in self.masters if master.id == key_id), None)

    def _keyed(self, purpose: str, text: str) -> str:
        return hmac.digest(self.lookup, f"{purpose}\n{text}".encode(), "sha256").hex()


def new_master(now: datetime) -> MasterKey:
    """A master key drawn at random, named by the day and some of its own hash's letters."""
    secret = os.urandom(KEY_BYTES)
    return MasterKey(f"{now:%Y%m%d}-{hashlib.sha256(secret).hexdigest()[:8]}", now, secret)


def new_ring(now: datetime) -> KeyRing:
    """A ring of secrets drawn at random."""
    return KeyRing((new_master(now),), os.urandom(KEY_BYTES), os.urandom(KEY_BYTES))


def parse_ring(text: str, where: str) -> KeyRing:
    """A ring from its JSON text.

    Args:
        text: as `KeyRing.dumped` wrote it.
        where: what to call its source in a message.

    Raises:
        BadUsage: it is none; what it holds instead is never shown.
    """
    try:
        held: dict[str, Any] = json.loads(text)
        masters = tuple(
            MasterKey(str(one["id"]), datetime.fromisoformat(one["made"]), _secret(one["key"]))
            for one in held["masters"]
        )
        ring = KeyRing(masters, _secret(held["lookup"]), _secret(held["signing"]))
        if held["format"] != FORMAT or len({one.id for one in masters}) != len(masters) or not masters:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadUsage(f"{where} holds no key ring of the form {FORMAT}. Make one: equipoise keys new FILE") from None
    return ring


def _wrapped_at(person: str, key_id: str) -> Place:
    return Place("persons", person, f"key by {key_id}")


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _secret(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != KEY_BYTES:
        raise ValueError
    return raw
