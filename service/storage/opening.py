"""Opens the store: the database brought to the newest schema, and what an earlier one kept in clear sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from service.storage.database import upgrade
from service.storage.keys import Keys
from service.storage.store import Store
from service.storage.take_over import take_over


def ready_store(engine: Engine, keys: Keys, now: datetime) -> Store:
    """The store of a database, fit for use; harmless if it was so already.

    Raises:
        NotReady: the database cannot be reached or changed.
    """
    store = Store(engine, keys)
    ready(store, now)
    return store


def ready(store: Store, now: datetime) -> None:
    """Make a store fit for use.

    Raises:
        NotReady: as for `ready_store`.
    """
    upgrade(store.engine)
    take_over(store, now)
