"""Sessions, kept here: who somebody is stands sealed by their cookie, of which the database has the hash alone.

Whoever reads the database, or a backup of it, finds neither a cookie that opens a session nor who or which patient it
is about. Whose it is stands besides under the key ring, for who may end it; nothing but the cookie opens the session.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update

from data_contracts.errors import NotAuthenticated, NotFound
from service.access.logout_token import LogoutToken, spend_logout
from service.access.principal import Principal
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.sessions.account import provider_session_of, sealed_account
from service.sessions.ending import SignedIn, end_sessions, open_sessions, signed_in
from service.sessions.reason import Why
from service.sessions.setting import Lifetimes
from service.storage.key_ring import KeyRing
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

    def begin(self, actor: Actor, now: datetime, old: str | None = None, sid: str | None = None) -> str:
        """Begin a session, under an id that nobody knew before; an old one of the same browser ends with it.

        Args:
            actor: who logged in, and from where.
            now: UTC.
            old: the id that the browser had; it is never used again.
            sid: what the provider calls its own session, if it said so.
        """
        session, ring = secrets.token_urlsafe(32), self._store.ring
        name, who = _hash(session), actor.principal
        values = {
            "id": name,
            "who": ring.caller(who.issuer, who.subject),
            "provider_session": None if sid is None else provider_session_of(who.issuer, sid, ring),
            "account": sealed_account(who, now, name, ring),
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
        who, idle_until = self._look(session, now)
        if now + self._lifetimes.idle - idle_until >= TOUCH:
            rows = update(SESSIONS).where(SESSIONS.c.id == _hash(session))
            touched = rows.values(idle_until=now + self._lifetimes.idle)
            self._store.write(lambda transaction: transaction.connection.execute(touched))
        return who

    def check_open(self, session: str, now: datetime) -> None:
        """Raise NotAuthenticated if a session has ended; looking at it does not make it last."""
        self._look(session, now)

    def _look(self, session: str, now: datetime) -> tuple[Principal, datetime]:
        """Whose session it is, and until when it lasts unused."""
        name = _hash(session)
        with self._store.looking() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == name)).one_or_none()
        if row is None or now >= min(as_utc(row.idle_until), as_utc(row.until)):
            raise NotAuthenticated(OVER)
        who = Principal.model_validate_json(unseal(_secret(session), row.content, _place(name)))
        if not self._believed(who):
            raise NotAuthenticated(OVER)
        return who, as_utc(row.idle_until)

    def people(self, organisation: str, now: datetime) -> tuple[SignedIn, ...]:
        """Who of an organisation is signed in, by name."""
        with self._store.reading() as connection:
            return signed_in(open_sessions(connection, self._store.ring, now), organisation)

    def end_of(self, who: str, organisation: str, actor: Actor, why: Why, now: datetime) -> int:
        """End all sessions of one person in one organisation, on all replicas; how many there were.

        Args:
            who: keyed hash of the person, as `people` tells.
            organisation: whose sessions they are; those in another go on.
            actor: who ends them.
            why: the reason.
            now: UTC.

        Raises:
            NotFound: there is none.
        """

        def work(transaction: Transaction) -> int:
            found = open_sessions(transaction.connection, self._store.ring, now, SESSIONS.c.who == who)
            own = [one for one in found if one.account.organisation == organisation]
            if not own:
                raise NotFound("Nobody of that account is signed in here in your organisation.")
            end_sessions(transaction, own, actor, now, why=why)
            return len(own)

        return self._store.write(work)

    def end_by_provider(self, token: LogoutToken, address: str, now: datetime) -> int:
        """End what a provider's logout token names, the first time that it comes; how many sessions there were.

        A token that names one of the provider's sessions ends what came of that; of the same person also what came of
        none that the provider named, as it might be that one.

        Args:
            token: verified.
            address: where the call came from.
            now: UTC.

        Raises:
            NotAuthenticated: it came before.
        """
        ring = self._store.ring

        def work(transaction: Transaction) -> int:
            spend_logout(transaction.connection, token, now)
            found = open_sessions(transaction.connection, ring, now, *_named_by(token, ring))
            end_sessions(transaction, found, Actor(token.provider, address), now, why="provider")
            return len(found)

        return self._store.write(work)

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


def _named_by(token: LogoutToken, ring: KeyRing) -> list[ColumnElement[bool]]:
    person = [] if token.subject is None else [SESSIONS.c.who == ring.caller(token.issuer, token.subject)]
    if token.sid is None:
        return person
    of_sid = SESSIONS.c.provider_session == provider_session_of(token.issuer, token.sid, ring)
    return [*person, or_(of_sid, SESSIONS.c.provider_session.is_(None))] if person else [of_sid]


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def _secret(session: str) -> bytes:
    """The key of what is kept of a session: the cookie alone makes it."""
    return hmac.new(session.encode(), b"content of a session", hashlib.sha256).digest()


def _place(name: str) -> Place:
    return Place(SESSIONS.name, name, "content")
