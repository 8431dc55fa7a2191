"""Remembers tokens that were used, over all replicas of one database, so that none is used twice."""

from __future__ import annotations

import hashlib
from threading import Lock

from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from data_contracts.errors import NotReady
from service.storage.schema import SPENT_TOKENS

SWEEP_SECONDS = 60

CLOCKS_APART = 600
"""Seconds by which replicas' clocks may differ, or a clock be set back: so long a used token is remembered besides."""


class SpentTokens:
    """The table of used tokens."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._swept = 0
        self._lock = Lock()

    def spend(self, issuer: str, token_id: str, until: int, now: int) -> bool:
        """Use a token; False if it was used before, here or in another replica.

        Args:
            issuer: who gave it.
            token_id: its `jti`.
            until: when nobody would accept it any more, seconds since 1970.
            now: seconds since 1970.

        Raises:
            NotReady: the database cannot be asked, so nobody knows.
        """
        token = hashlib.sha256(f"{issuer}\n{token_id}".encode()).hexdigest()
        try:
            with self._engine.begin() as connection:
                if self._due(now):
                    connection.execute(delete(SPENT_TOKENS).where(SPENT_TOKENS.c.until < now - CLOCKS_APART))
                connection.execute(SPENT_TOKENS.insert().values(token=token, until=until))
        except IntegrityError:
            return False
        except SQLAlchemyError as error:
            raise NotReady(f"Used tokens cannot be looked up ({type(error).__name__}). Try again.") from None
        return True

    def _due(self, now: int) -> bool:
        with self._lock:
            if now - self._swept < SWEEP_SECONDS:
                return False
            self._swept = now
            return True
