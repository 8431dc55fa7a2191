"""Signs policies and promotions with this lab's Ed25519 key, made on first use."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from data_contracts.errors import BadUsage
from data_contracts.manifest import sha256
from data_contracts.places import home, trusted_keys


@dataclass(frozen=True, repr=False)
class Signer:
    """Holds the private key and never shows it.

    Attributes:
        path: where the private key lies.
        created: whether it was made just now.
    """

    path: Path
    created: bool
    _key: Ed25519PrivateKey

    def sign(self, content: bytes) -> bytes:
        """Base64 text of the signature over the content."""
        return base64.b64encode(self._key.sign(content)) + b"\n"

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Whether a signature, as base64 text, over the content is this key's."""
        return _verifies(self._key.public_key(), content, signature)


def open_signer() -> Signer:
    """This machine's signing key; on first use it is made, and its public half is put among the trusted keys.

    Raises:
        BadUsage: the key file is not a PEM Ed25519 private key.
    """
    path = home() / "keys" / "lab.pem"
    if not path.exists():
        return Signer(path, True, _create(path))
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it asks for a password
        raise BadUsage(
            f"{path} is not a plain PEM private key. Restore it, or move it away to have a new one made."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadUsage(f"{path} is not an Ed25519 key. Restore it, or move it away to have a new one made.")
    return Signer(path, False, key)


def signed_by_trusted(content: bytes, signature: bytes, folder: Path | None = None) -> bool:
    """Whether a trusted key made the signature, base64 text, over the content: one of this machine's labs.

    Args:
        content: what was signed.
        signature: over it.
        folder: with other public keys that are believed, as those of services.
    """
    for path in sorted((folder or trusted_keys()).glob("*.pem")):
        key = serialization.load_pem_public_key(path.read_bytes())
        if isinstance(key, Ed25519PublicKey) and _verifies(key, content, signature):
            return True
    return False


def _verifies(key: Ed25519PublicKey, content: bytes, signature: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature.removesuffix(b"\n"), validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _create(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(private)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _enrol(public)
    return key


def _enrol(public: bytes) -> None:
    """Put a public key among the trusted ones, beside those of other labs and of this lab's earlier keys."""
    folder = trusted_keys()
    folder.mkdir(parents=True, exist_ok=True)
    taken = (folder / "lab.pem").exists()
    name = f"lab-{sha256(public)[:12]}.pem" if taken else "lab.pem"
    (folder / name).write_bytes(public)
