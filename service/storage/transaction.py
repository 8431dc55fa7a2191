"""Write transactions: one at a time, with the audit's chain, durable when `Writer.run` returns.

Whoever comes while another commits waits, and the next in line writes for all that wait in one transaction: one commit
to disk serves them together (group commit). What fails is tried again by itself, so that it fails alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from data_contracts.errors import NotReady
from service.audit.chain import Chain, SealOf
from service.storage.database import WRITES, unreachable
from service.storage.prepared import Prepared

Result = TypeVar("Result")
TOGETHER = 64
"""How many may share a commit."""

LOCK = "SELECT pg_advisory_xact_lock(6147063206)"
"""One writer at a time over all replicas, until its commit; the number is any that nobody else uses."""

LOCKING = Prepared(text(LOCK))


@dataclass(frozen=True)
class Transaction:
    """An open write transaction.

    Attributes:
        connection: what is written on.
        chain: where audit records are appended.
    """

    connection: Connection
    chain: Chain


@dataclass(eq=False)
class _Job:
    work: Callable[[Transaction], Any]
    done: bool = False
    result: Any = None
    error: Exception | None = None


class Writer:
    """Runs write transactions on one database, over a connection that it keeps.

    Args:
        engine: the database.
        seal_of: seals audit records.
    """

    def __init__(self, engine: Engine, seal_of: SealOf) -> None:
        self._engine = engine.execution_options(**{WRITES: True})
        self._seal_of = seal_of
        self._connection: Connection | None = None
        self._turn = Lock()
        self._waiting: deque[_Job] = deque()

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        """Do some work and commit it; when this returns it is on disk.

        Args:
            work: may run twice: first with others' in one transaction, then, if any of them failed, alone.

        Raises:
            NotReady: the database did not do it; nothing of it was acknowledged.
        """
        job = _Job(work)
        self._waiting.append(job)
        with self._turn:
            if not job.done:
                self._commit([self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))])
            if not job.done:  # more were waiting than are written together
                self._waiting.remove(job)
                self._commit([job])
        if job.error is not None:
            raise job.error
        return cast(Result, job.result)

    def _commit(self, batch: Sequence[_Job]) -> None:
        try:
            self._together(batch)
        except OperationalError as error:
            _fail(batch, unreachable(error))
        except Exception as error:
            if len(batch) == 1:
                _fail(batch, unreachable(error) if isinstance(error, SQLAlchemyError) else error)
                return
            for job in batch:
                self._commit([job])
        except BaseException:
            _fail(batch, NotReady("The service was stopped before this was written. Try again."))
            raise
        else:
            for job in batch:
                job.done = True

    def close(self) -> None:
        """Close the connection; the next writing takes another."""
        with self._turn:
            self._drop()

    def _together(self, batch: Sequence[_Job]) -> None:
        connection = self._begun()
        try:
            transaction = Transaction(connection, Chain(connection, self._seal_of))
            for job in batch:
                job.result = job.work(transaction)
            transaction.chain.flush()
            connection.commit()
        except BaseException as error:
            self._undo(lost=isinstance(error, OperationalError))
            raise

    def _begun(self) -> Connection:
        """The writer's own connection in a transaction of its own, with the lock that makes it the only one.

        One that was lost while nobody wrote is replaced: nothing has been done on it yet.
        """
        if self._connection is not None:
            try:
                return _begin(self._connection)
            except BaseException as error:
                self._drop()
                if not isinstance(error, OperationalError) or not error.connection_invalidated:
                    raise
        self._connection = self._engine.connect()
        try:
            return _begin(self._connection)
        except BaseException:
            self._drop()
            raise

    def _undo(self, lost: bool) -> None:
        """Take back what was begun; what cannot be relied upon any more is closed, which takes it back too."""
        try:
            if self._connection is not None and not lost:
                self._connection.rollback()
                return
        except SQLAlchemyError:
            pass
        self._drop()

    def _drop(self) -> None:
        """Close the connection itself, and not give it back to others."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()


def _begin(connection: Connection) -> Connection:
    connection.begin()
    if connection.dialect.name == "postgresql":
        LOCKING.run(connection, {})
    return connection


def _fail(batch: Sequence[_Job], error: Exception) -> None:
    for job in batch:
        if not job.done:
            job.error, job.done = error, True
