"""Ends somebody's sessions on all replicas at once: every call looks its session up in the database.

Who ends them is an administrator of their organisation, the operator or the provider; each session that ends has its
audit record, in the organisation that it belonged to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select

from service.audit.actor import Actor
from service.audit.entry import Entry
from service.sessions.account import Account, opened_account
from service.storage.key_ring import KeyRing
from service.storage.schema import SESSIONS
from service.storage.transaction import Transaction


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended.

    Attributes:
        id: of its row.
        who: keyed hash of the person, the same in all of their sessions.
        account: whose it is.
    """

    id: str
    who: str
    account: Account


@dataclass(frozen=True)
class SignedIn:
    """Somebody with their open sessions.

    Attributes:
        who: keyed hash of the person.
        account: of the newest session.
        since: when the oldest began, UTC.
        sessions: how many there are.
    """

    who: str
    account: Account
    since: datetime
    sessions: int


def open_sessions(
    connection: Connection, ring: KeyRing, now: datetime, *which: ColumnElement[bool]
) -> tuple[OpenSession, ...]:
    """Sessions that have not ended, the oldest first.

    Args:
        connection: to read on.
        ring: that opens whose they are.
        now: UTC.
        which: conditions on their rows; none for all.
    """
    lasting = (SESSIONS.c.until > now, SESSIONS.c.idle_until > now)
    query = select(SESSIONS.c.id, SESSIONS.c.who, SESSIONS.c.account).where(*lasting, *which)
    found = [
        OpenSession(row.id, row.who, opened_account(row.account, row.id, ring)) for row in connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda one: one.account.began))


def signed_in(found: Sequence[OpenSession], organisation: str | None = None) -> tuple[SignedIn, ...]:
    """People with their sessions, by name.

    Args:
        found: the oldest first.
        organisation: whose sessions count; None for all.
    """
    people: dict[tuple[str, str], SignedIn] = {}
    for one in found:
        if organisation not in (None, one.account.organisation):
            continue
        key = (one.who, one.account.organisation)
        before = people.get(key, SignedIn(one.who, one.account, one.account.began, 0))
        people[key] = replace(before, account=one.account, sessions=before.sessions + 1)
    return tuple(sorted(people.values(), key=lambda one: (one.account.name, one.account.subject)))


def end_sessions(
    transaction: Transaction, found: Sequence[OpenSession], actor: Actor, now: datetime, **detail: str
) -> None:
    """End sessions, each with an audit record in its own organisation.

    Args:
        transaction: in which they were found.
        found: which.
        actor: who ends them.
        now: UTC.
        detail: what else the records say; codes and names of accounts.
    """
    for one in found:
        transaction.connection.execute(delete(SESSIONS).where(SESSIONS.c.id == one.id))
        who = actor.principal.model_copy(update={"organisation": one.account.organisation})
        told = {"session": one.id[:16], "account": one.account.subject, "account_issuer": one.account.issuer, **detail}
        transaction.chain.append(Entry("session_end", replace(actor, principal=who), now, detail=told))
