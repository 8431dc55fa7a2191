"""Requests for studies as rows: one state at a time, each change in a transaction with its audit record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, exists, or_, select, update

from data_contracts.errors import NotFound, WrongState
from data_contracts.study_request import ENDED, StudyEnd, StudyProgress, StudyRequest, StudyState
from service.audit.entry import Entry
from service.storage.schema import STUDY_FILES, STUDY_REQUESTS
from service.storage.study_files import REPORT, TABLE, StudyFile, keep_file, remove_files
from service.storage.transaction import Transaction
from service.utc import as_utc

LEASE = timedelta(seconds=60)
"""How long a worker may be silent before another may take its study."""

GATE_FAILED = 4
DONE = (0, GATE_FAILED)
"""Exit codes of a study that has results."""

AGAIN: tuple[StudyState, ...] = ("failed", "cancelled")
"""States from which a study is taken up again."""

SHOWN = tuple(column for column in STUDY_REQUESTS.c if column.name not in ("organisation", "leased_until"))


def _of_kind(kind: str) -> Any:
    return and_(STUDY_FILES.c.request == STUDY_REQUESTS.c.id, STUDY_FILES.c.kind == kind)


QUERY = select(
    *SHOWN,
    select(STUDY_FILES.c.name).where(_of_kind(TABLE)).scalar_subquery().label("table"),
    exists().where(_of_kind(REPORT)).label("has_report"),
)


def requests_of(connection: Connection, organisation: str, limit: int, offset: int = 0) -> tuple[StudyRequest, ...]:
    """An organisation's requests, the newest first."""
    query = QUERY.where(STUDY_REQUESTS.c.organisation == organisation).limit(limit).offset(offset)
    rows = connection.execute(query.order_by(STUDY_REQUESTS.c.asked_at.desc(), STUDY_REQUESTS.c.id)).mappings()
    return tuple(_told(row) for row in rows)


def request_of(connection: Connection, organisation: str, name: str) -> StudyRequest:
    """One request.

    Raises:
        NotFound: the organisation has none of this id.
    """
    wanted = (STUDY_REQUESTS.c.id == name, STUDY_REQUESTS.c.organisation == organisation)
    row = connection.execute(QUERY.where(*wanted)).mappings().one_or_none()
    if row is None:
        raise NotFound("No study request has this id.")
    return _told(row)


def add_request(transaction: Transaction, request: StudyRequest, file: StudyFile, entry: Entry) -> None:
    """Add a draft with its protocol."""
    values = request.model_dump(include={"id", "asked_by", "asked_at", "name", "study_id", "state"})
    values["organisation"] = entry.actor.principal.organisation
    transaction.connection.execute(STUDY_REQUESTS.insert(), values)
    keep_file(transaction.connection, file)
    _note(transaction, entry, request.id, "asked", study_id=request.study_id)


def add_table(transaction: Transaction, file: StudyFile, entry: Entry) -> StudyRequest:
    """Give a draft its table; it waits for a worker from now on.

    Raises:
        NotFound, WrongState: there is none, or it has a table.
    """
    before = _in_state(transaction, entry, file.request, ("draft",), "It has its table already.")
    keep_file(transaction.connection, file)
    _note(transaction, entry, before.id, "table", sha256=file.sha256, bytes=file.size)
    return _changed(transaction, entry, before.id, state="waiting")


def stop(transaction: Transaction, name: str, entry: Entry) -> StudyRequest:
    """Cancel a request; a study that runs is stopped by its worker as soon as that asks.

    Raises:
        NotFound, WrongState: there is none, or it has ended.
    """
    before = _in_state(transaction, entry, name, ("draft", "waiting", "running"), "It has ended already.")
    _note(transaction, entry, name, "stopped")
    if before.state == "running":
        return _changed(transaction, entry, name, stopping=True)
    return _changed(transaction, entry, name, state="cancelled", ended_at=entry.at)


def take_up(transaction: Transaction, name: str, entry: Entry) -> StudyRequest:
    """Let a request that failed or was cancelled wait for a worker again.

    Raises:
        NotFound, WrongState: there is none, it has not ended, or it is done or has no table.
    """
    why = "Only what failed or was cancelled with its table is taken up again."
    before = _in_state(transaction, entry, name, AGAIN, why)
    if before.table is None:
        raise WrongState(why)
    _note(transaction, entry, name, "taken up")
    again: dict[str, Any] = {"ended_at": None, "exit_code": None, "message": "", "worker": None, "stopping": False}
    return _changed(transaction, entry, name, state="waiting", **again)


def remove(transaction: Transaction, name: str, entry: Entry) -> None:
    """Remove a request and its files; the audit keeps that there was one.

    Raises:
        NotFound, WrongState: there is none, or it has not ended.
    """
    _in_state(transaction, entry, name, ("draft", *sorted(ENDED)), "Stop it first.")
    remove_files(transaction.connection, name)
    transaction.connection.execute(delete(STUDY_REQUESTS).where(STUDY_REQUESTS.c.id == name))
    _note(transaction, entry, name, "removed")


def claim(transaction: Transaction, worker: str, entry: Entry) -> StudyRequest | None:
    """Give a worker the oldest request that waits, or whose worker has fallen silent; None if there is none."""
    table, organisation = STUDY_REQUESTS.c, entry.actor.principal.organisation
    silent = and_(table.state == "running", table.leased_until < entry.at)
    wanted = select(table.id).where(table.organisation == organisation, or_(table.state == "waiting", silent))
    name = transaction.connection.execute(wanted.order_by(table.asked_at, table.id).limit(1)).scalar()
    if name is None:
        return None
    _note(transaction, entry, name, "begun")
    return _changed(transaction, entry, name, state="running", worker=worker, leased_until=entry.at + LEASE)


def tell(transaction: Transaction, name: str, progress: StudyProgress, entry: Entry) -> StudyRequest:
    """Keep how far a worker is, and its claim; the answer says whether it shall stop.

    Raises:
        NotFound, WrongState: there is none, or it is not (any more) this worker's.
    """
    _of_worker(transaction, entry, name, progress.worker)
    told = {"step": progress.step, "share": progress.share, "leased_until": entry.at + LEASE}
    return _changed(transaction, entry, name, **told)


def end(transaction: Transaction, name: str, ended: StudyEnd, entry: Entry) -> StudyRequest:
    """Keep how a study ended; its table goes if it is done.

    Raises:
        NotFound, WrongState: as for `tell`.
    """
    before = _of_worker(transaction, entry, name, ended.worker)
    done = ended.exit_code in DONE
    state: StudyState = "done" if done else "cancelled" if before.stopping else "failed"
    if done:
        remove_files(transaction.connection, name, TABLE)
    _note(transaction, entry, name, state, exit_code=ended.exit_code)
    told = {"exit_code": ended.exit_code, "message": ended.message, "version": ended.version, "stopping": False}
    told |= {"ended_at": entry.at, "leased_until": None, "step": "", "share": 1.0 if done else before.share}
    return _changed(transaction, entry, name, state=state, **told)


def remove_old_tables(connection: Connection, before: datetime) -> int:
    """Remove the tables of studies that ended before a time without being done; how many there were.

    Such a table is many patients' records, kept for taking the study up again: not for ever.
    """
    old = select(STUDY_REQUESTS.c.id).where(STUDY_REQUESTS.c.state.in_(AGAIN), STUDY_REQUESTS.c.ended_at < before)
    gone = delete(STUDY_FILES).where(STUDY_FILES.c.kind == TABLE, STUDY_FILES.c.request.in_(old))
    return connection.execute(gone).rowcount


def add_report(transaction: Transaction, file: StudyFile, worker: str, entry: Entry) -> None:
    """Keep a study's report, in place of an earlier one.

    Raises:
        NotFound, WrongState: as for `tell`.
    """
    _of_worker(transaction, entry, file.request, worker)
    remove_files(transaction.connection, file.request, REPORT)
    keep_file(transaction.connection, file)


def _of_worker(transaction: Transaction, entry: Entry, name: str, worker: str) -> StudyRequest:
    found = _in_state(transaction, entry, name, ("running",), "It is not being done.")
    if found.worker != worker:
        raise WrongState("Another worker does it now. Leave it.")
    return found


def _in_state(
    transaction: Transaction, entry: Entry, name: str, states: Iterable[StudyState], why: str
) -> StudyRequest:
    found = request_of(transaction.connection, entry.actor.principal.organisation, name)
    if found.state not in states:
        raise WrongState(f"The study is {found.state}. {why}")
    return found


def _changed(transaction: Transaction, entry: Entry, name: str, **values: Any) -> StudyRequest:
    transaction.connection.execute(update(STUDY_REQUESTS).where(STUDY_REQUESTS.c.id == name).values(**values))
    return request_of(transaction.connection, entry.actor.principal.organisation, name)


def _note(transaction: Transaction, entry: Entry, name: str, what: str, **detail: str | int) -> None:
    transaction.chain.append(replace(entry, detail={"request": name, "what": what, **detail}))


def _told(row: RowMapping) -> StudyRequest:
    times = {name: row[name] and as_utc(row[name]) for name in ("asked_at", "ended_at")}
    return StudyRequest.model_validate({**row, **times})
