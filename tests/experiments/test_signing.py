"""The lab's signing key: made once, kept from others, never shown, and its public half believed."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from data_contracts.errors import BadUsage
from data_contracts.places import trusted_keys
from experiments.signing import open_signer

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def public_keys() -> list[Ed25519PublicKey]:
    found = [serialization.load_pem_public_key(path.read_bytes()) for path in sorted(trusted_keys().glob("*.pem"))]
    return [key for key in found if isinstance(key, Ed25519PublicKey)]


def believed(content: bytes, signature: bytes) -> bool:
    """Whether a trusted key made the signature, judged with the cryptography library alone."""
    for key in public_keys():
        try:
            key.verify(base64.b64decode(signature), content)
        except InvalidSignature:
            continue
        return True
    return False


def test_the_key_is_made_once(home: Path) -> None:
    """The first call makes the key and says so; the next one finds the same key and changes no file."""
    first = open_signer()
    content = first.path.read_bytes()
    again = open_signer()
    assert (first.created, again.created) == (True, False)
    assert first.path == again.path == home / "keys" / "lab.pem"
    assert first.path.read_bytes() == content
    assert first.sign(b"x") == again.sign(b"x")


def test_only_its_owner_reads_the_key(home: Path) -> None:
    """The key file has mode 0600 and its folder 0700; there is no moment at which it was wider."""
    path = open_signer().path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_public_half_is_trusted_and_the_private_is_not_there(home: Path) -> None:
    """The folder of trusted keys holds exactly one public key, and no private one."""
    open_signer()
    assert len(public_keys()) == 1
    assert all(b"PRIVATE" not in path.read_bytes() for path in trusted_keys().iterdir())


def test_a_signature_is_over_exactly_these_bytes(home: Path) -> None:
    """What was signed verifies; one byte more, less or other does not."""
    signature = open_signer().sign(b"manifest")
    assert believed(b"manifest", signature)
    for other in (b"manifesT", b"manifest\n", b"manifes", b""):
        assert not believed(other, signature)


@pytest.mark.parametrize("kind", ["text", "nothing", "cut", "encrypted", "another kind", "a public key"])
def test_a_file_that_is_not_the_key_is_a_clear_error(kind: str, home: Path) -> None:
    """A damaged, locked or foreign key file is named with what to do; nothing is overwritten."""
    path = home / "keys" / "lab.pem"
    path.parent.mkdir(parents=True)
    ed25519 = Ed25519PrivateKey.generate()
    public = ed25519.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    plain = ed25519.private_bytes(PEM, PKCS8, serialization.NoEncryption())
    content = {
        "text": b"not a key",
        "nothing": b"",
        "cut": plain[:60],
        "encrypted": ed25519.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"word")),
        "another kind": ec.generate_private_key(ec.SECP256R1()).private_bytes(
            PEM, PKCS8, serialization.NoEncryption()
        ),
        "a public key": public,
    }[kind]
    path.write_bytes(content)
    with pytest.raises(BadUsage, match="move it away to have a new one made") as caught:
        open_signer()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    assert not trusted_keys().exists()


def test_nothing_shows_the_key(home: Path) -> None:
    """Neither printing the signer nor an error about it shows key material."""
    signer = open_signer()
    secret = signer.path.read_text(encoding="utf-8").splitlines()[1]
    for text in (repr(signer), str(signer), f"{signer}", repr(signer.sign(b"x"))):
        assert secret not in text
        assert "PRIVATE" not in text
    assert "Ed25519PrivateKey" not in repr(signer)


def test_a_new_key_does_not_unseat_the_old_one(home: Path) -> None:
    """A key moved away and made anew joins the trusted ones: what the old key signed is still believed."""
    old = open_signer()
    signature = old.sign(b"policy")
    old.path.rename(home / "old.pem")
    new = open_signer()
    assert new.created
    assert new.sign(b"policy") != signature
    assert believed(b"policy", signature)
    assert believed(b"policy", new.sign(b"policy"))


def test_labs_may_share_a_folder_of_trusted_keys(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second lab's key does not overwrite the first one's."""
    monkeypatch.setenv("EQUIPOISE_TRUSTED_KEYS", str(tmp_path / "shared"))
    signatures = []
    for lab in ("one", "two"):
        monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path / lab))
        signatures.append(open_signer().sign(b"policy"))
    assert all(believed(b"policy", signature) for signature in signatures)
