"""One version of a model: its manifest's signature, and the hashes by which everything else of it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ValidationError

from data_contracts.alias_move import GATES, STUDY_FILES, AliasMove
from data_contracts.errors import NotFound, Refused
from data_contracts.manifest import MANIFEST, MODEL_CARD, SIGNATURE, PolicyManifest, sha256
from service.catalogue.shelf import VERSION, shelf
from service.trusted_keys import check_signature

MOVE, MOVE_SIGNATURE = "move.json", "move.signature"
"""Beside a version's files: the signed record by which it became the challenger."""

PROMOTED, PROMOTED_SIGNATURE = "promoted.json", "promoted.signature"
"""And, of a study whose record names no report, the signed record of a promotion that does."""

SIGNED = (MANIFEST, SIGNATURE, MOVE, MOVE_SIGNATURE, PROMOTED, PROMOTED_SIGNATURE)
SHOWN = (MODEL_CARD, GATES, *STUDY_FILES)
"""What is read of a version besides, each by its hash in one of the two signed documents."""

MAX_BYTES = 64 * 2**20
"""More than any report needs; stops a file from filling the memory."""

Read = Callable[[str], bytes | None]
Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True)
class StudyVersion:
    """A version whose maker is known.

    Attributes:
        name, version: of the registered model.
        manifest, manifest_sha256: what it is.
        move: the signed record by which it became the challenger; None if there is none of this very version.
        hashes: of what may be read of it besides, by file name.
    """

    name: str
    version: str
    manifest: PolicyManifest
    manifest_sha256: str
    move: AliasMove | None
    hashes: Mapping[str, str]

    def content(self, file: str) -> bytes:
        """A file of it, unchanged since it was signed.

        Raises:
            NotFound: there is none, or nothing signed speaks of it.
            Refused: it is not the one that was signed.
        """
        content = read_file(self.name, self.version, file) if file in self.hashes else None
        if content is None:
            step = (
                "Promoting it, or making the study again, signs what people read of it; until then look into MLflow."
            )
            raise NotFound(f"Version {self.version} has no {file} that is signed. {step}")
        if sha256(content) != self.hashes[file]:
            step = f"Remove the version's folder and run: equipoise pull {self.name}"
            raise Refused(f"{file} of version {self.version} is not what was signed. {step}")
        return content


def verify_version(name: str, version: str, read: Read, keys: Sequence[Ed25519PublicKey]) -> StudyVersion:
    """Verify what is signed of a version; nothing else of it is opened.

    Args:
        name, version: which it has to be.
        read: gives a file of it, None if there is none.
        keys: that are believed.

    Raises:
        Refused: its manifest is missing, signed by nobody who is trusted, of another form, or of another model.
    """
    content = _signed(read, MANIFEST, SIGNATURE, keys)
    if content is None:
        raise Refused(f"Version {version} has no signed manifest; nothing of it is shown.")
    manifest = _parse(PolicyManifest, content, MANIFEST)
    if manifest.name != name:
        raise Refused(f"Version {version} is of another model than its name says; nothing of it is shown.")
    digest = sha256(content)
    own = (name, version, digest)
    move = _own_move(read, keys, (MOVE, MOVE_SIGNATURE), own)
    promoted = None if move and move.files else _own_move(read, keys, (PROMOTED, PROMOTED_SIGNATURE), own)
    hashes = {MODEL_CARD: manifest.files[MODEL_CARD]} if MODEL_CARD in manifest.files else {}
    for one in filter(None, (promoted, move)):  # what was signed first has the last word
        told = {GATES: one.gates_sha256, **one.files}
        hashes |= {file: held for file, held in told.items() if file in SHOWN and file != MODEL_CARD}
    return StudyVersion(name, version, manifest, digest, move, hashes)


def find_version(name: str, version: str, keys: Sequence[Ed25519PublicKey]) -> StudyVersion:
    """A version that lies on the shelf, verified anew.

    Raises:
        NotFound: it does not lie there.
        Refused: as for `verify_version`.
    """
    if not VERSION.fullmatch(version) or not (shelf(name) / version).is_dir():
        raise NotFound(f"No version {version[:9]!a} of this model is known here. Bring it: equipoise pull {name}")
    return verify_version(name, version, lambda file: read_file(name, version, file), keys)


def read_file(name: str, version: str, file: str) -> bytes | None:
    """A file of a version as it lies on the shelf, not verified; None if there is none."""
    try:
        return (shelf(name) / version / file).read_bytes()
    except OSError:
        return None


def _own_move(
    read: Read, keys: Sequence[Ed25519PublicKey], files: tuple[str, str], wanted: tuple[str, str, str]
) -> AliasMove | None:
    """The record that lies in these files, if it is signed and speaks of this very policy."""
    try:
        content = _signed(read, *files, keys)
        move = None if content is None else _parse(AliasMove, content, files[0])
    except Refused:
        return None
    return move if move and (move.name, move.to_version, move.manifest_sha256) == wanted else None


def _signed(read: Read, name: str, signature: str, keys: Sequence[Ed25519PublicKey]) -> bytes | None:
    content, signed = read(name), read(signature)
    if content is None or signed is None:
        return None
    check_signature(content, signed, tuple(keys), name)
    return content


def _parse(model: type[Document], content: bytes, name: str) -> Document:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise Refused(f"{name} is signed but not of the form this version reads.") from error
