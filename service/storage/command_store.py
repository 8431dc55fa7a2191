"""The service's own database, opened by a command beside the running service."""

from __future__ import annotations

import os

from data_contracts.errors import NotReady
from service.settings import DATABASE, read_settings
from service.storage.database import database_problem, open_database
from service.storage.keys import open_keys
from service.storage.store import Store
from service.utc import utc_now


def command_store() -> Store:
    """The configured store, as `equipoise serve` left it.

    Raises:
        NotReady: the database cannot be read or is of another schema.
        BadUsage: a setting is wrong.
    """
    engine = open_database(read_settings(os.environ).database_url)
    if problem := database_problem(engine):
        raise NotReady(f"{problem} Is {DATABASE} the service's own? `equipoise serve` brings it up to date.")
    return Store(engine, open_keys(os.environ, utc_now()))
