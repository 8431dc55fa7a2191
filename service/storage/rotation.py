"""Takes a new master key into use while the service runs, and an old one out of it.

A running service reads the key file again when it changes, before it wraps or unwraps anything, so that no reading
fails on the way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from data_contracts.errors import BadUsage, WrongState
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.storage.keys import FILE, TEXT, change_ring
from service.storage.person import wrap_anew, wrapped_by_others
from service.storage.schema import PERSONS
from service.storage.store import Store
from service.storage.transaction import Transaction

TOGETHER = 200
"""Persons whose keys are wrapped anew in one transaction; in between others may write."""

SETTLING = timedelta(minutes=1)
"""How long after a rotation a key stays: a call that began before it may still wrap with the old one."""


def rotate(store: Store, actor: Actor, now: datetime) -> int:
    """Make a new master key the current one and wrap every person's key with it; how many there were.

    Raises:
        BadUsage: the keys come from the environment.
    """
    change_ring(_file(store), lambda ring: ring.with_new_master(now))
    return rewrap(store, actor, now)


def add_spare(store: Store, now: datetime) -> str:
    """Add a master key that only unwraps as yet, so that every copy of the file can have it before it is used; its id.

    Raises:
        BadUsage: the keys come from the environment.
    """
    return change_ring(_file(store), lambda ring: ring.with_spare_master(now)).masters[-1].id


def use(store: Store, key_id: str) -> None:
    """Have one of the master keys wrap from now on; `rewrap` then takes it to what the others wrapped.

    Raises:
        BadUsage: there is no such key, or the keys come from the environment.
    """
    _check_known(store, key_id)
    change_ring(_file(store), lambda ring: ring.using(key_id))


def rewrap(store: Store, actor: Actor, now: datetime) -> int:
    """Wrap every person's key that another master key wraps with the current one; how many there were."""
    done = 0
    while some := store.write(lambda transaction: _wrap_some(transaction, store, actor, now)):
        done += some
    return done


def retire(store: Store, key_id: str, now: datetime) -> None:
    """Take a master key that wraps nothing any more out of the key file; what it wrapped stays shut, backups too.

    Raises:
        BadUsage: there is no such key, or the keys come from the environment.
        WrongState: it is the current one, still wraps something, or a rotation has only just been.
    """
    path, ring = _file(store), store.ring
    _check_known(store, key_id)
    if key_id == ring.current.id:
        raise WrongState("This key is the current one. Run `equipoise keys rotate` first.")
    if now - ring.current.made < SETTLING:
        raise WrongState("Keys were rotated less than a minute ago. Wait, run `equipoise keys rewrap`, and try again.")
    with store.reading() as connection:
        held = connection.execute(select(func.count()).where(PERSONS.c.key_id == key_id)).scalar_one()
    if held:
        raise WrongState(f"This key still wraps {held} persons' keys. Run `equipoise keys rewrap` first.")
    change_ring(path, lambda ring: ring.without(key_id))


def _file(store: Store) -> Path:
    if store.keys.path is None:
        step = f"Change them there, the one that wraps in front, and run `equipoise keys rewrap`; {FILE} names a file."
        raise BadUsage(f"The keys come from {TEXT}, which a command cannot change. {step}")
    return store.keys.path


def _check_known(store: Store, key_id: str) -> None:
    if key_id not in {master.id for master in store.ring.masters}:
        raise BadUsage("There is no master key of that id. `equipoise keys show` lists them.")


def _wrap_some(transaction: Transaction, store: Store, actor: Actor, now: datetime) -> int:
    ring, rows = store.ring, 0
    for row in wrapped_by_others(transaction.connection, ring.current.id, TOGETHER):
        wrap_anew(transaction.connection, row, ring)
        rows += 1
    if rows:
        transaction.chain.append(Entry("keys", actor, now, detail={"key": ring.current.id, "persons": rows}))
    return rows
