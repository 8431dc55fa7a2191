"""The service's own database, opened by a command beside the running service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from data_contracts.errors import NotReady
from service.settings import DATABASE, read_settings
from service.storage.database import database_problem, open_database
from service.storage.keys import open_keys
from service.storage.opening import ready
from service.storage.store import Store
from service.utc import utc_now


@contextmanager
def command_store(*, make: bool = False) -> Iterator[Store]:
    """The configured store, as `equipoise serve` left it; closed at the end.

    Args:
        make: bring the database to the newest schema first, as `serve` does.

    Raises:
        NotReady: the database cannot be read or is of another schema.
        BadUsage: a setting is wrong.
    """
    engine, now = open_database(read_settings(os.environ).database_url), utc_now()
    store = Store(engine, open_keys(os.environ, now))
    try:
        if make:
            ready(store, now)
        elif problem := database_problem(engine):
            raise NotReady(f"{problem} Is {DATABASE} the service's own? `equipoise serve` brings it up to date.")
        yield store
    finally:
        store.close()
