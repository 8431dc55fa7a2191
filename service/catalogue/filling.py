"""Fills the shelf of a model from the registry: versions that are not there yet, and new records of moves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_contracts.alias_move import GATES, MOVES, STUDY_FILES
from data_contracts.errors import NotFound, Refused
from data_contracts.manifest import MANIFEST, MODEL_CARD, SIGNATURE, sha256
from data_contracts.whole_file import write_whole
from service.catalogue.moves import SIGNATURE_END, signed_record
from service.catalogue.shelf import RECORD_NAME, RECORDS, ModelNote, VersionNote, read_note, shelf, write_note
from service.catalogue.study_version import (
    MAX_BYTES,
    MOVE,
    MOVE_SIGNATURE,
    PROMOTED,
    PROMOTED_SIGNATURE,
    verify_version,
)
from service.trusted_keys import load_trusted_keys

PLACES = {
    **{name: f"policy/{name}" for name in (MANIFEST, SIGNATURE, MODEL_CARD)},
    **{name: name for name in (GATES, *STUDY_FILES)},
}
"""Where a run keeps each file."""


@dataclass(frozen=True)
class RegisteredVersion:
    """A version as the registry lists it: its number, and the run that it came of."""

    version: str
    run: str


@dataclass(frozen=True)
class RegisteredModel:
    """A model as the registry lists it.

    Attributes:
        champion, challenger: where the aliases stand.
        versions: the newest first.
        seen: hash of all that would change with a version, an alias or a record.
    """

    champion: str | None
    challenger: str | None
    versions: tuple[RegisteredVersion, ...]
    seen: str


class Registry(Protocol):
    """What is asked of the registry."""

    def model(self, name: str) -> RegisteredModel:
        """A registered model; raises NotFound if there is none."""

    def files(self, run: str, folder: str) -> Sequence[str]:
        """Names of the files in a folder of a run's artifacts."""

    def content(self, run: str, path: str) -> bytes | None:
        """One file of a run; None if there is none."""


def fill(name: str, registry: Registry, now: datetime) -> ModelNote:
    """Bring what is new of a model, and note what the registry says of it now.

    A version that does not verify is noted with the reason, and nothing of it is kept.

    Raises:
        NotFound: the registry has no such model.
        NotReady: it does not answer.
        Refused: no key is trusted.
    """
    keys = load_trusted_keys()
    model = registry.model(name)
    before = _note(name)
    if before is not None and before.seen == model.seen:
        note = before.model_copy(update={"at": now})
    else:
        records = {one.version: _records(name, one.run, registry) for one in model.versions}
        versions = tuple(
            VersionNote(version=one.version, problem=_bring(name, one, records[one.version], registry, keys))
            for one in model.versions
        )
        note = ModelNote(
            name=name,
            at=now,
            seen=model.seen,
            champion=model.champion,
            challenger=model.challenger,
            versions=versions,
            records=tuple(sorted(record for found in records.values() for record in found)),
        )
    write_note(note)
    return note


def _note(name: str) -> ModelNote | None:
    try:
        return read_note(name)
    except NotFound:
        return None


def _records(name: str, run: str, registry: Registry) -> tuple[str, ...]:
    """The records that a run holds, each brought once: its name is never used again."""
    folder, found = shelf(name) / RECORDS, []
    for record in registry.files(run, MOVES):
        if not RECORD_NAME.fullmatch(record):
            continue
        if not (folder / record).exists():
            content = registry.content(run, f"{MOVES}/{record}")
            if content is None:
                continue
            signature = Path(record).with_suffix(SIGNATURE_END).name
            # The record last: one that is there is whole. Without a signature it is told as unsigned.
            write_whole(folder / signature, registry.content(run, f"{MOVES}/{signature}") or b"")
            write_whole(folder / record, content)
        found.append(record)
    return tuple(found)


def _bring(
    name: str, one: RegisteredVersion, records: Sequence[str], registry: Registry, keys: Sequence[Ed25519PublicKey]
) -> str:
    """Put a version on the shelf if it, or a record that vouches for it, is not there; why not, or nothing."""
    place = shelf(name) / one.version
    signed = _vouching(name, one.version, records, keys)
    if place.is_dir() and all((place / file).is_file() for file in signed):
        return ""
    try:
        files = {file: _limited(registry.content(one.run, path)) for file, path in PLACES.items()} | signed
        verified = verify_version(name, one.version, files.get, keys)
        for file, wanted in verified.hashes.items():
            if (content := files.get(file)) is not None and sha256(content) != wanted:
                raise Refused(f"{file} of version {one.version} is not what was signed; nothing of it is shown.")
    except Refused as error:
        return str(error)
    _install(files, place)
    return ""


def _install(files: Mapping[str, bytes | None], place: Path) -> None:
    """A version's folder appears whole or not at all; one that lay there makes room."""
    place.parent.mkdir(parents=True, exist_ok=True)
    incoming = Path(tempfile.mkdtemp(dir=place.parent, prefix=".incoming-"))
    try:
        for file, content in files.items():
            if content is not None:
                (incoming / file).write_bytes(content)
        if place.is_dir():
            place.rename(incoming.with_suffix(".before"))
        incoming.rename(place)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        shutil.rmtree(incoming.with_suffix(".before"), ignore_errors=True)


def _vouching(name: str, version: str, records: Sequence[str], keys: Sequence[Ed25519PublicKey]) -> dict[str, bytes]:
    """The signed records that say what people read of a version, as its folder keeps them.

    The first by which it became the challenger; if that names no report, the first promotion that names one besides.
    """
    found = [one for record in sorted(records) if (one := signed_record(name, record, keys))]
    own = [(move, content, signature) for move, content, signature in found if move.to_version == version]
    coming = next((one for one in own if one[0].alias == "challenger"), None)
    told = {MOVE: coming[1], MOVE_SIGNATURE: coming[2]} if coming else {}
    if coming is None or not coming[0].files:
        promoted = next((one for one in own if one[0].alias == "champion" and one[0].files), None)
        told |= {PROMOTED: promoted[1], PROMOTED_SIGNATURE: promoted[2]} if promoted else {}
    return told


def _limited(content: bytes | None) -> bytes | None:
    if content is not None and len(content) > MAX_BYTES:
        raise Refused(f"A file is larger than {MAX_BYTES // 2**20} MiB; none of a study is. Nothing of it is shown.")
    return content
