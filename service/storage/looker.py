"""Single looks into the database over connections that are kept, for what every answer looks at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.storage.database import unreachable

Result = TypeVar("Result")
KEPT = 4
"""How many connections wait for the next look; more are opened while more look at once."""


class Looker:
    """Looks without a transaction, and without asking first whether the connection still holds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._idle: deque[Connection] = deque()

    def look(self, work: Callable[[Connection], Result]) -> Result:
        """Read something.

        Args:
            work: only reads, as it may run twice: if the connection was lost while nobody looked, it is replaced.

        Raises:
            NotReady: the database cannot be read.
        """
        try:
            kept = self._taken()
            if kept is not None:
                try:
                    return self._done(kept, work)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
            return self._done(self._engine.connect(), work)
        except SQLAlchemyError as error:
            raise unreachable(error) from None

    def close(self) -> None:
        """Close the connections that wait, themselves: their pool may be gone. The next look takes another."""
        while (kept := self._taken()) is not None:
            with suppress(SQLAlchemyError):
                kept.invalidate()
                kept.close()

    def _taken(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _done(self, connection: Connection, work: Callable[[Connection], Result]) -> Result:
        try:
            result = work(connection)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.close()
        return result
