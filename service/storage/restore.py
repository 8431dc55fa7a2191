"""`equipoise restore`: a backup into an empty database, verified before, and erased again where need be."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select

from data_contracts.errors import BadUsage, NotFound, Refused, WrongState
from service.audit.actor import OPERATOR
from service.audit.chain import head_of
from service.audit.entry import Entry
from service.audit.root import write_root
from service.console import tell, warn
from service.settings import AUDIT_ROOTS
from service.storage.backup import CONTENTS, PURPOSE, SIGNATURE, Contents
from service.storage.database import HEAD
from service.storage.erased import FILE, erased_persons
from service.storage.person import erase_person
from service.storage.schema import AUDIT, METADATA, PERSONS, SESSIONS
from service.storage.store import Store
from service.storage.transaction import Transaction
from service.trusted_keys import check_signature, load_trusted_services
from service.utc import as_utc

BATCH = 500


def restore(store: Store, source: Path, roots: Path, now: datetime) -> int:
    """Put a backup into the configured database, which holds nothing yet; in one transaction.

    Args:
        store: whose database it is.
        source: the backup.
        roots: the audit's own place, which knows who was erased since the backup.
        now: UTC.

    Raises:
        NotFound, BadUsage: there is no such file, or it is no backup.
        Refused: it is not signed by a service that is believed, or was changed.
        WrongState: the database holds something, or the backup is of another schema.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            contents = _verified(archive)
            again = store.write(lambda transaction: _fill(transaction, archive, contents, roots, now))
        _vouch(store, contents.records, roots, now)
    except FileNotFoundError:
        raise NotFound(f"No backup at {source}. Check the path.") from None
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise BadUsage(
            f"{source} is no backup ({type(error).__name__}). Name a file that `equipoise backup` made."
        ) from None
    tell(f"Restored {sum(contents.rows.values())} rows of {contents.made_at}; {again} persons were erased again.")
    tell("Now run: equipoise audit verify")
    return 0


def _vouch(store: Store, kept: int, roots: Path, now: datetime) -> None:
    """Sign that it was a backup that was restored: what it did not have is lost, and was not cut off."""
    with store.reading() as connection:
        head = head_of(connection)
    try:
        write_root(roots, head, store.ring, now, kept)
    except OSError as error:
        told = f"no root of it could be written to {roots} ({error.strerror})"
        warn(f"WARNING: restored, but {told}: `equipoise audit verify` will tell what is lost as cut off.")


def _verified(archive: zipfile.ZipFile) -> Contents:
    text = archive.read(CONTENTS)
    check_signature(PURPOSE + text, archive.read(SIGNATURE), load_trusted_services(), "the backup")
    try:
        contents = Contents.model_validate_json(text)
    except ValidationError:
        raise Refused(
            "The backup is signed but not of the form this version reads. Use the version that made it."
        ) from None
    for name, digest in contents.files.items():
        found = hashlib.sha256()
        with archive.open(f"{name}.jsonl") as file:
            while part := file.read(1 << 20):
                found.update(part)
        if found.hexdigest() != digest:
            raise Refused(f"The backup's {name}.jsonl is not what was signed. Nothing was restored. Use another copy.")
    return contents


def _fill(transaction: Transaction, archive: zipfile.ZipFile, contents: Contents, roots: Path, now: datetime) -> int:
    execute = transaction.connection.execute
    if contents.schema_version != HEAD:
        raise WrongState(f"The backup is of schema {contents.schema_version}, this version's is {HEAD}.")
    if execute(select(func.count()).select_from(AUDIT)).scalar_one():
        raise WrongState("The database holds records already. Restore into an empty one (EQUIPOISE_DATABASE_URL).")
    for table in METADATA.sorted_tables:
        if table.name in contents.rows and table is not SESSIONS:  # one that was ended since would begin again
            for rows in _batches(archive, table.name):
                execute(table.insert(), rows)
    detail: dict[str, str | int] = {"made_at": contents.made_at, "records": contents.records, "head": contents.head}
    transaction.chain.append(Entry("restored", OPERATOR, now, detail=detail))
    return _erase_again(transaction, roots, now)


def _erase_again(transaction: Transaction, roots: Path, now: datetime) -> int:
    """Destroy the keys of who was erased after the backup was made."""
    query, count = select(PERSONS.c.id).where(PERSONS.c.wrapped_key.is_not(None)), 0
    held = set(transaction.connection.execute(query).scalars())
    for person in _erased(roots):
        if person in held:
            erase_person(transaction.connection, person, now)
            transaction.chain.append(Entry("erasure", OPERATOR, now, person=person, detail={"why": "erased before"}))
            count += 1
    return count


def _erased(roots: Path) -> set[str]:
    """Who was erased, by the note beside the audit's roots; that it is not there, or not whole, is told."""
    persons, unread = erased_persons(roots, load_trusted_services())
    if not roots.is_dir():
        step = f"Set {AUDIT_ROOTS} to that place and restore again, or erase them by hand."
        warn(f"WARNING: there is no {roots}, so nobody who was erased since the backup was erased again. {step}")
    if unread:
        step = "Compare with a copy of it, and erase whom it named by hand."
        warn(f"WARNING: {unread} lines of {roots / FILE} cannot be read or are signed by no known key. {step}")
    return set(persons)


def _batches(archive: zipfile.ZipFile, name: str) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    with archive.open(f"{name}.jsonl") as file:
        for line in file:
            waiting.append({key: _decoded(value) for key, value in json.loads(line).items()})
            if len(waiting) == BATCH:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def _decoded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return base64.b64decode(value["bytes"])
    return as_utc(datetime.fromisoformat(value["time"]))
