"""Turns of the kill switch as rows: added, never changed; of each model the newest counts, on every replica.

A turn that takes back one stop of several is a row that changes nothing for the replicas: the newest other one counts.
Whose administrator turned it stands in the audit record of the row's position.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from data_contracts.errors import NotFound
from data_contracts.manifest import MANIFEST
from service.access.principal import LOCAL, Principal
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.model_stop import Hand, StopChange, StopOrder, Switch, lifting, stopped_by
from service.storage.schema import AUDIT, POLICIES, STOPS
from service.storage.transaction import Transaction
from service.utc import as_utc

COUNTS = STOPS.c.switch != "withdrawn"
"""The turns that replicas look at."""

NEWEST = (
    select(STOPS.c.switch, STOPS.c.at)
    .where(STOPS.c.policy == bindparam("policy"), COUNTS)
    .order_by(STOPS.c.position.desc())
    .limit(1)
)


def stopped_at(connection: Connection, policy: str) -> datetime | None:
    """Since when a model is out of service, UTC; None if it answers."""
    found = connection.execute(NEWEST, {"policy": policy}).one_or_none()
    return None if found is None else out_since(found.switch, found.at)


def out_since(switch: Switch | None, at: datetime) -> datetime | None:
    """The same by the newest turn that counts; None if there was none, or it was lifted."""
    return as_utc(at) if switch == "stopped" else None


def changes_of(connection: Connection, policy: str) -> tuple[StopChange, ...]:
    """Every turn of a model's switch, oldest first."""
    record = AUDIT.c.content.label("record")
    query = select(STOPS, record).join(AUDIT, AUDIT.c.seq == STOPS.c.position).where(STOPS.c.policy == policy)
    return tuple(
        StopChange(
            switch=row.switch,
            at=as_utc(row.at),
            order=StopOrder.model_validate_json(row.content),
            organisation=_hand(**json.loads(row.record)),
        )
        for row in connection.execute(query.order_by(STOPS.c.position))
    )


def hand_of(who: Principal) -> Hand:
    """Whose hand a caller's is: their organisation's; None at the service's own machine."""
    return _hand(who.issuer, who.organisation)


def _hand(issuer: str, organisation: str, **_: object) -> Hand:
    return None if issuer == LOCAL.issuer else organisation


def known_models(connection: Connection) -> tuple[str, ...]:
    """Names of all models that ever answered here."""
    documents = connection.execute(select(POLICIES.c.documents)).scalars().all()
    return tuple(sorted({json.loads(json.loads(one)[MANIFEST])["name"] for one in documents}))


def turn(
    transaction: Transaction, policy: str, switch: Switch, order: StopOrder, entry: Entry
) -> tuple[StopChange, ...]:
    """Take a model out of service or back; the same said again changes nothing.

    Args:
        transaction: to write in.
        policy: the model's name.
        switch: stopped or lifted; a lift that leaves another's stop is kept as withdrawn.
        order: who and why.
        entry: what to remember; its actor's is the hand.

    Raises:
        NotFound: no model of that name ever answered here.
        WrongState: it is to be lifted and is not stopped.
        NotPermitted: it is to be lifted, and others stopped it.
    """
    connection, hand = transaction.connection, hand_of(entry.actor.principal)
    changes = changes_of(connection, policy)
    if _said_already(changes, switch, order, hand):
        return changes
    if switch == "lifted":
        switch = lifting(policy, stopped_by(changes), hand)
    if not changes and policy not in (known := known_models(connection)):
        raise NotFound(f"No model of that name answered here. Known: {', '.join(known) or 'none yet'}.")
    values = {"position": transaction.chain.next_seq, "policy": policy, "switch": switch}
    values |= {"at": entry.at, "content": order.model_dump_json()}
    connection.execute(STOPS.insert(), values)
    detail = {**entry.detail, "policy": policy, "switch": switch}
    transaction.chain.append(replace(entry, row=row_of(STOPS, values), detail=detail))
    transaction.chain.flush()  # whose turn it was is read from there, also by the next in this transaction
    return changes_of(connection, policy)


def _said_already(changes: tuple[StopChange, ...], switch: Switch, order: StopOrder, hand: Hand) -> bool:
    """Whether the same hand's last turn was this one, in the same words, and still stands."""
    own = [one for one in changes if one.organisation == hand]
    if not own or own[-1].order != order:
        return False
    if switch == "stopped":
        return own[-1].switch == "stopped" and hand in stopped_by(changes)
    return own[-1].switch != "stopped" and changes[-1] == own[-1]
