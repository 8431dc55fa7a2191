"""Turns of the kill switch as rows: added, never changed; of each model the newest counts, on every replica."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from data_contracts.errors import NotFound, WrongState
from data_contracts.manifest import MANIFEST
from service.audit.entry import Entry
from service.audit.row_hash import row_of
from service.model_stop import StopChange, StopOrder, Switch
from service.storage.schema import POLICIES, STOPS
from service.storage.transaction import Transaction
from service.utc import as_utc

NEWEST = (
    select(STOPS.c.switch, STOPS.c.at)
    .where(STOPS.c.policy == bindparam("policy"))
    .order_by(STOPS.c.position.desc())
    .limit(1)
)


def stopped_at(connection: Connection, policy: str) -> datetime | None:
    """Since when a model is out of service, UTC; None if it answers."""
    found = connection.execute(NEWEST, {"policy": policy}).one_or_none()
    return None if found is None else stopped_by(found.switch, found.at)


def stopped_by(switch: Switch | None, at: datetime) -> datetime | None:
    """The same by the newest turn of its switch; None if there was none, or it was lifted."""
    return as_utc(at) if switch == "stopped" else None


def changes_of(connection: Connection, policy: str) -> tuple[StopChange, ...]:
    """Every turn of a model's switch, oldest first."""
    rows = connection.execute(select(STOPS).where(STOPS.c.policy == policy).order_by(STOPS.c.position)).all()
    return tuple(
        StopChange(
            switch=row.switch,
            at=as_utc(row.at),
            order=StopOrder.model_validate_json(row.content),
        )
        for row in rows
    )


def known_models(connection: Connection) -> tuple[str, ...]:
    """Names of all models that ever answered here."""
    documents = connection.execute(select(POLICIES.c.documents)).scalars().all()
    return tuple(sorted({json.loads(json.loads(one)[MANIFEST])["name"] for one in documents}))


def turn(
    transaction: Transaction, policy: str, switch: Switch, order: StopOrder, entry: Entry
) -> tuple[StopChange, ...]:
    """Take a model out of service or back; the same said again changes nothing.

    Raises:
        NotFound: no model of that name ever answered here.
        WrongState: it is to be lifted and is not stopped.
    """
    connection = transaction.connection
    changes = changes_of(connection, policy)
    if changes and (changes[-1].switch, changes[-1].order) == (switch, order):
        return changes
    if switch == "lifted" and (not changes or changes[-1].switch == "lifted"):
        raise WrongState(f"The model {policy} is in service: there is nothing to lift.")
    if not changes and policy not in (known := known_models(connection)):
        raise NotFound(f"No model of that name answered here. Known: {', '.join(known) or 'none yet'}.")
    values = {"position": transaction.chain.next_seq, "policy": policy, "switch": switch}
    values |= {"at": entry.at, "content": order.model_dump_json()}
    connection.execute(STOPS.insert(), values)
    detail = {**entry.detail, "policy": policy}
    transaction.chain.append(replace(entry, row=row_of(STOPS, values), detail=detail))
    return changes_of(connection, policy)
