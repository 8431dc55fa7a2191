"""`equipoise audit verify`: is everything that was written still there, as it was and in its order?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, func, select

from data_contracts.errors import Tampered
from service.audit.chain import Link
from service.audit.check_chain import ChainCheck
from service.audit.check_persons import PersonCheck
from service.audit.check_rows import RowCheck
from service.audit.finding import Finding, Verification
from service.audit.root import Root, read_roots
from service.console import tell, warn
from service.progress import followed
from service.storage.key_ring import KeyRing
from service.storage.schema import AUDIT
from service.storage.store import Store
from service.trusted_keys import load_trusted_services

BATCH = 5000
SHOWN = 50
NO_ROOT = (
    "there is no signed root in {folder}: the service writes one as it starts, and without any nobody can tell "
    "whether the chain's end was cut"
)
Watched = Callable[[Iterator[list[Link]], int], Iterator[list[Link]]]


def _unwatched(batches: Iterator[list[Link]], _: int) -> Iterator[list[Link]]:
    return batches


def _on_the_terminal(batches: Iterator[list[Link]], total: int) -> Iterator[list[Link]]:
    return followed(batches, len, total, "Verifying")


def audit_verify(store: Store, folder: Path, *, as_json: bool) -> int:
    """Verify, and tell a person or a machine.

    Args:
        store: whose chain is followed.
        folder: with the signed roots.
        as_json: print the result as JSON.

    Raises:
        Tampered: something is not as it was written; every place is told.
    """
    result = verify_store(store, folder, _on_the_terminal)
    if as_json:
        tell(result.model_dump_json())
    else:
        _tell(result, folder)
    if result.findings:
        raise Tampered(
            f"{len(result.findings)} findings: what is kept is not what was written. Compare with a backup."
        )
    return 0


def verify_store(store: Store, folder: Path, watched: Watched = _unwatched) -> Verification:
    """Follow the whole chain of a store, beside the signed roots of a folder.

    Raises:
        Refused: a file among the trusted keys is something else.
        NotReady: the database cannot be reached.
    """
    roots = read_roots(folder, load_trusted_services())
    strange = [Finding(what="root", first=0, last=0, told=one) for one in roots.problems]
    with store.reading() as connection, store.reading() as beside:
        result = verify(connection, beside, roots.held, store.ring, watched)
    if result.records and not roots.held:
        strange.append(Finding(what="root", first=0, last=0, told=NO_ROOT.format(folder=folder)))
    return result.model_copy(update={"lost": roots.lost, "findings": (*strange, *result.findings)})


def verify(
    connection: Connection, beside: Connection, roots: Sequence[Root], ring: KeyRing, watched: Watched = _unwatched
) -> Verification:
    """Follow the whole chain.

    Args:
        connection: that records are read on, one after the other.
        beside: another, that their rows are looked up on.
        roots: those whose signatures hold.
        ring: opens persons' identifiers, and seals.
        watched: shows how far it is; handed the batches and how many records there are.
    """
    chain, rows, persons = ChainCheck(roots, ring.record_seal), RowCheck(beside), PersonCheck(beside, ring)
    total = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
    for batch in watched(_batches(connection), total):
        for link in batch:
            if (told := chain.take(link)) is not None:
                rows.take(told)
                persons.take(told)
    return Verification(
        records=total,
        head=chain.last.hash,
        roots=len(roots),
        vouched=max((root.seq for root in roots if root.seq <= chain.last.seq), default=0),
        findings=(*chain.findings(), *rows.findings(), *persons.findings()),
        rows=rows.compared,
    )


def _batches(connection: Connection) -> Iterator[list[Link]]:
    query = select(AUDIT.c.seq, AUDIT.c.content, AUDIT.c.hash, AUDIT.c.seal).order_by(AUDIT.c.seq)
    result = connection.execution_options(yield_per=BATCH).execute(query)
    for part in result.partitions():
        yield [Link(row.seq, row.content, row.hash, row.seal) for row in part]


def _tell(result: Verification, folder: Path) -> None:
    for one in result.findings[:SHOWN]:
        warn(f"{one.what}: {one.told}")
    if len(result.findings) > SHOWN:
        warn(f"and {len(result.findings) - SHOWN} more; --json tells all")
    for loss in result.lost:
        warn(f"lost: {loss}")
    tell(f"{result.records} records, {result.rows} rows and {result.roots} signed roots ({folder}) looked at.")
    if not result.findings:
        tell(f"All is as it was written; the roots vouch for it up to record {result.vouched}.")
