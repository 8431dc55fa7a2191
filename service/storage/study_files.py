"""The files of a study request, each sealed by a key of the request's own and bound to its place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from data_contracts.errors import NotFound
from service.storage.key_ring import KeyRing
from service.storage.schema import STUDY_FILES
from service.storage.sealed_field import Place, seal, unseal

PROTOCOL, TABLE, REPORT = "protocol", "table", "report"


@dataclass(frozen=True, repr=False)
class StudyFile:
    """A sealed file.

    Attributes:
        request: whose it is.
        kind: ``PROTOCOL``, ``TABLE`` or ``REPORT``.
        name: as it came.
        sealed: what is kept.
        sha256, size: of what was sealed; bytes.
    """

    request: str
    kind: str
    name: str
    sealed: bytes
    sha256: str
    size: int


def sealed_file(ring: KeyRing, request: str, kind: str, name: str, content: bytes) -> StudyFile:
    """Seal a file; done before the transaction that keeps it, since a table may be large."""
    sealed = seal(_secret(ring, request), content, _place(request, kind))
    return StudyFile(request, kind, name, sealed, hashlib.sha256(content).hexdigest(), len(content))


def keep_file(connection: Connection, file: StudyFile) -> None:
    """Add a file."""
    values = {"request": file.request, "kind": file.kind, "name": file.name, "content": file.sealed}
    connection.execute(STUDY_FILES.insert(), values)


def file_of(connection: Connection, ring: KeyRing, request: str, kind: str) -> bytes:
    """A file's content.

    Raises:
        NotFound: there is none.
        Tampered: it was changed or moved.
    """
    wanted = (STUDY_FILES.c.request == request, STUDY_FILES.c.kind == kind)
    sealed = connection.execute(select(STUDY_FILES.c.content).where(*wanted)).scalar()
    if sealed is None:
        raise NotFound(f"This study has no {kind} here.")
    return unseal(_secret(ring, request), sealed, _place(request, kind))


def remove_files(connection: Connection, request: str, kind: str | None = None) -> None:
    """Remove a request's files, all or of one kind."""
    gone = delete(STUDY_FILES).where(STUDY_FILES.c.request == request)
    connection.execute(gone if kind is None else gone.where(STUDY_FILES.c.kind == kind))


def _secret(ring: KeyRing, request: str) -> bytes:
    """The key of a request's files: derived from the key of lookups, and not rotated, as they go with the request."""
    return bytes.fromhex(ring.keyed("files of a study request", request))


def _place(request: str, kind: str) -> Place:
    return Place(STUDY_FILES.name, request, kind)
