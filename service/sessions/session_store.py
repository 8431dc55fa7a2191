"""Sessions, kept here: who somebody is stands sealed by their cookie, of which the database has the hash alone.

Whoever reads the database, or a backup of it, finds neither a cookie that opens a session nor who or which patient it
is about.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from data_contracts.errors import NotAuthenticated
from service.access.principal import Principal
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.sessions.setting import Lifetimes
from service.storage.schema import SESSIONS
from service.storage.sealed_field import Place, seal, unseal
from service.storage.store import Store
from service.storage.transaction import Transaction
from service.utc import as_utc

TOUCH = timedelta(minutes=1)
"""How exactly it is known when a session was used last: a write for each reading would be too many."""

OVER = "Your session has ended, or there was none. Log in."


class Sessions:
    """All sessions of one database, on whichever replica they began.

    Args:
        store: where they are kept.
        lifetimes: how long they last.
        believed: whether the deployment still believes who somebody is said to be.
    """

    def __init__(self, store: Store, lifetimes: Lifetimes, believed: Callable[[Principal], bool]) -> None:
        self._store, self._lifetimes, self._believed = store, lifetimes, believed

    def begin(self, actor: Actor, now: datetime, old: str | None = None) -> str:
        """Begin a session, under an id that nobody knew before; an old one of the same browser ends with it.

        Args:
            actor: who logged in, and from where.
            now: UTC.
            old: the id that the browser had; it is never used again.
        """
        session = secrets.token_urlsafe(32)
        name, who = _hash(session), actor.principal
        values = {
            "id": name,
            "who": self._store.ring.caller(who.issuer, who.subject),
            "idle_until": now + self._lifetimes.idle,
            "until": now + self._lifetimes.whole,
            "content": seal(_secret(session), who.model_dump_json().encode(), _place(name)),
        }

        def work(transaction: Transaction) -> None:
            over = or_(SESSIONS.c.until < now, SESSIONS.c.idle_until < now, SESSIONS.c.id == _hash(old or ""))
            transaction.connection.execute(delete(SESSIONS).where(over))
            transaction.connection.execute(SESSIONS.insert(), values)
            transaction.chain.append(Entry("login", actor, now, detail={"session": name[:16]}))

        self._store.write(work)
        return session

    def find(self, session: str, now: datetime) -> Principal:
        """Whose session it is; it lasts on from now.

        Raises:
            NotAuthenticated: it has ended, or there was none.
        """
        name = _hash(session)
        with self._store.looking() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == name)).one_or_none()
        if row is None or now >= min(as_utc(row.idle_until), as_utc(row.until)):
            raise NotAuthenticated(OVER)
        who = Principal.model_validate_json(unseal(_secret(session), row.content, _place(name)))
        if not self._believed(who):
            raise NotAuthenticated(OVER)
        idle_until = now + self._lifetimes.idle
        if idle_until - as_utc(row.idle_until) >= TOUCH:
            touched = update(SESSIONS).where(SESSIONS.c.id == name).values(idle_until=idle_until)
            self._store.write(lambda transaction: transaction.connection.execute(touched))
        return who

    def end(self, session: str, address: str, now: datetime) -> None:
        """End a session on all replicas; one that has ended stays so.

        Args:
            session: its id.
            address: where the call came from.
            now: UTC.
        """
        name = _hash(session)

        def work(transaction: Transaction) -> None:
            row = transaction.connection.execute(select(SESSIONS).where(SESSIONS.c.id == name)).one_or_none()
            if row is None:
                return
            transaction.connection.execute(delete(SESSIONS).where(SESSIONS.c.id == name))
            who = Principal.model_validate_json(unseal(_secret(session), row.content, _place(name)))
            transaction.chain.append(Entry("logout", Actor(who, address), now, detail={"session": name[:16]}))

        self._store.write(work)


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def _secret(session: str) -> bytes:
    """The key of what is kept of a session: the cookie alone makes it."""
    return hmac.new(session.encode(), b"content of a session", hashlib.sha256).digest()


def _place(name: str) -> Place:
    return Place(SESSIONS.name, name, "content")
