"""`equipoise sessions`: who is signed in to the pages, and the end of it, for who runs the service."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from data_contracts.errors import BadInput, BadUsage, NotFound, Problem
from service.access.principal import Line
from service.audit.actor import OPERATOR
from service.console import tell
from service.sessions.ending import OpenSession, SignedIn, end_sessions, open_sessions, signed_in
from service.sessions.reason import Why
from service.storage.store import Store
from service.storage.transaction import Transaction

NAME = TypeAdapter(Line)


def tell_sessions(store: Store, now: datetime, *, as_json: bool) -> int:
    """Everybody who is signed in, by name.

    Args:
        store: of the service.
        now: UTC.
        as_json: for a machine.
    """
    with store.reading() as connection:
        people = signed_in(open_sessions(connection, store.ring, now))
    if as_json:
        tell(json.dumps([_document(one) for one in people], ensure_ascii=False))
    for one in people if not as_json else ():
        who, since = one.account, f"{one.since:%Y-%m-%d %H:%M} UTC"
        tell(f"{who.name}, account {who.subject} at {who.issuer}, {who.organisation}: {one.sessions} since {since}")
    if not people and not as_json:
        tell("Nobody is signed in.")
    return 0


def end_person(
    store: Store, subject: str, issuer: str | None, by: str, why: Why, now: datetime, *, as_json: bool
) -> int:
    """End all sessions of one person, in all organisations and on all replicas.

    Args:
        store: of the service.
        subject: the account, as `equipoise sessions list` and the audit name it.
        issuer: at which provider; None if no two have such an account.
        by: who does it.
        why: the reason.
        now: UTC.
        as_json: for a machine.

    Raises:
        NotFound: nobody of that account is signed in.
        BadUsage: two providers have such an account, and none is named.
        BadInput: the name of who does it is empty or too long.
    """
    named = _name(by)

    def work(transaction: Transaction) -> int:
        found = [
            one
            for one in open_sessions(transaction.connection, store.ring, now)
            if one.account.subject == subject and issuer in (None, one.account.issuer)
        ]
        _check(found)
        end_sessions(transaction, found, OPERATOR, now, why=why, by=named)
        return len(found)

    ended = store.write(work)
    if as_json:
        tell(json.dumps({"account": subject, "ended": ended}, ensure_ascii=False))
    else:
        tell(f"Ended {ended} session(s) of {subject}, on every replica of this database.")
        tell("Who may still log in at the provider can begin a new one, and bearer tokens count until they expire:")
        tell("block the account at the provider too.")
    return 0


def _check(found: list[OpenSession]) -> None:
    if not found:
        raise NotFound("Nobody of that account is signed in. Who is: equipoise sessions list.")
    if len(issuers := sorted({one.account.issuer for one in found})) > 1:
        raise BadUsage(f"Accounts of that name are signed in from {' and '.join(issuers)}. Say which with --issuer.")


def _name(by: str) -> str:
    try:
        return NAME.validate_python(by.strip())
    except ValidationError:
        raise BadInput([Problem("--by", "a name of 1 to 200 letters", "something else", "Say who does it.")]) from None


def _document(one: SignedIn) -> dict[str, str | int]:
    told = one.account.model_dump(mode="json", exclude={"began"})
    return {**told, "since": one.since.isoformat(), "sessions": one.sessions}
