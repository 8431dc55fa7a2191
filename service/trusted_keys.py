"""The public keys whose signatures are believed. They come from configuration, never from an artifact."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from data_contracts.errors import Refused
from data_contracts.places import trusted_keys, trusted_services


def load_trusted_keys() -> tuple[Ed25519PublicKey, ...]:
    """The configured Ed25519 public keys.

    Raises:
        Refused: there is none, or a file of the folder is something else.
    """
    folder = trusted_keys()
    paths = sorted(folder.glob("*.pem")) if folder.is_dir() else []
    if not paths:
        step = "Put the public key (PEM) of the lab that you trust there, or set EQUIPOISE_TRUSTED_KEYS to its folder."
        raise Refused(f"No trusted key in {folder}, so no signature can be believed. {step}")
    return tuple(_key(path.name, path.read_bytes()) for path in paths)


def load_trusted_services() -> tuple[Ed25519PublicKey, ...]:
    """The configured public keys of services; none is no error, and then none of their signatures is believed.

    Raises:
        Refused: a file of the folder is something else.
    """
    folder = trusted_services()
    return tuple(_key(path.name, path.read_bytes()) for path in sorted(folder.glob("*.pem")))


def check_signature(content: bytes, signature: bytes, keys: tuple[Ed25519PublicKey, ...], what: str) -> None:
    """Check that one of the keys signed exactly this content.

    Args:
        content: the signed bytes.
        signature: base64 text of the raw 64-byte signature, with or without one newline at its end.
        keys: the keys that are believed.
        what: the signed file's name, for the message.

    Raises:
        Refused: the signature is not of that form, or none of the keys made it.
    """
    raw = _raw(signature, what)
    for key in keys:
        try:
            key.verify(raw, content)
        except InvalidSignature:
            continue
        return
    step = "Get the artifact again, or ask its maker which key signed it; it was not opened."
    raise Refused(f"The signature of {what} is not by a trusted key, or {what} was changed after signing. {step}")


def _raw(signature: bytes, what: str) -> bytes:
    """Decode, refusing all but the one canonical spelling: base64 has spare bits that would go unnoticed."""
    try:
        raw = base64.b64decode(signature.removesuffix(b"\n"), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 64 or base64.b64encode(raw) != signature.removesuffix(b"\n"):
        raise Refused(f"The signature of {what} is not one; {what} was not opened. Get the artifact again.")
    return raw


def _key(name: str, content: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Refused(f"{name} among the trusted keys is not an Ed25519 public key in PEM form. Replace or remove it.")
    return key
