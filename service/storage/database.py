"""The service's database: opened, brought to the newest schema, and asked whether it is fit for use."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from data_contracts.errors import NotReady
from service.storage.prepared import Prepared

HEAD = "0014"
"""The newest migration; a test compares it with the migrations themselves."""

EMPTY = "The database holds no tables yet."

MIGRATIONS = Path(__file__).parents[1] / "migrations"

_PLAIN_POSTGRESQL = re.compile(r"^postgres(ql)?://")
"""Addresses as PostgreSQL's own tools take them; the driver is ours to name."""

WRITES = "equipoise_writes"
"""Execution option of a connection whose transactions write."""

BEGIN, BEGIN_WRITING = Prepared(text("BEGIN")), Prepared(text("BEGIN IMMEDIATE"))

BUSY_MILLISECONDS = 5000
"""How long SQLite waits for who writes."""

SQLITE = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
POSTGRESQL = ("synchronous_commit = on", "lock_timeout = '10s'", "idle_in_transaction_session_timeout = '60s'")
"""What every session of ours asks for."""


def open_database(url: SecretStr) -> Engine:
    """Connect lazily to a SQLAlchemy address; SQLite gets a private file, WAL and synchronous=FULL.

    A PostgreSQL commit waits for the disk by the server's own default; a session that asks otherwise is overruled.

    Raises:
        NotReady: the address is not one, or its driver is not installed.
    """
    try:
        address = _PLAIN_POSTGRESQL.sub("postgresql+psycopg://", url.get_secret_value())
        waiting = {"connect_timeout": 5} if address.startswith("postgresql+psycopg:") else {}
        engine = create_engine(address, pool_pre_ping=True, hide_parameters=True, connect_args=waiting)
    except (ArgumentError, ModuleNotFoundError) as error:
        step = "Give an address such as sqlite:///FILE, or install the driver that it names."
        raise NotReady(f"The database address cannot be used ({type(error).__name__}). {step}") from None
    if engine.dialect.name == "sqlite":
        _make_private_file(engine.url.database)
        event.listen(engine, "connect", _make_durable)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _wait_for_the_disk)
    return engine


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest schema; harmless if it is there already.

    Raises:
        NotReady: the database cannot be reached or changed.
    """
    from alembic import command  # a quarter of a second that `--help` need not wait
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        # Another replica that started at the same moment may have done the work.
        if database_problem(engine) is not None:
            raise NotReady(f"The database could not be brought to its schema ({type(error).__name__}).") from None


def database_problem(engine: Engine) -> str | None:
    """What keeps the database from use, in words; None if it is reachable and migrated."""
    try:
        with engine.connect() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        return EMPTY if _is_empty(engine) else f"The database cannot be read ({type(error).__name__})."
    return None if version == HEAD else "The database has another schema than this version of Equipoise."


def _is_empty(engine: Engine) -> bool:
    """Whether a database that can be reached holds no table."""
    try:
        return not inspect(engine).get_table_names()
    except SQLAlchemyError:
        return False


def forget_pages(engine: Engine) -> None:
    """Have the database give up old copies of rows that were changed, as far as one may ask it to.

    A failure of PostgreSQL is left for its next vacuum: what was to be destroyed is so in the table.
    """
    if engine.dialect.name == "sqlite":
        empty_log(engine)
        return
    with suppress(SQLAlchemyError), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM persons")


def empty_log(engine: Engine) -> bool:
    """Empty SQLite's log, which may hold what was destroyed in the tables; whether that is done.

    It waits for nobody: while something reads for long, such as a backup, writers would wait with it.
    """
    if engine.dialect.name != "sqlite":
        return True
    with suppress(SQLAlchemyError), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            (busy, _, _) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        return not busy
    return False


def unreachable(error: Exception) -> NotReady:
    """What to tell of a database that did not do its work; its own message may hold values."""
    return NotReady(f"The database did not do its work ({type(error).__name__}). Try again; see /readyz.")


def _make_private_file(path: str | None) -> None:
    """Create the file for its owner alone before SQLite does so for everybody."""
    if path is None or path in ("", ":memory:") or path.startswith("file:"):
        return
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise NotReady(f"The database file cannot be made ({error.strerror}). Check its folder.") from None


def _make_durable(connection: Any, _: Any) -> None:
    """FULL and not NORMAL: an acknowledged recommendation survives a power cut. What is erased is overwritten."""
    connection.isolation_level = None  # transactions begin where `_begin` says so, not at the first change
    cursor = connection.cursor()
    for pragma in (*SQLITE, f"busy_timeout={BUSY_MILLISECONDS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Who will write takes SQLite's write lock at once, so that the chain's head cannot move under its feet."""
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        (BEGIN_WRITING if options.get(WRITES) else BEGIN).run(connection, {})


def _wait_for_the_disk(connection: Any, _: Any) -> None:
    """And for nobody for ever: a replica that hangs while it holds the chain's lock is cut off, others are told."""
    with connection.cursor() as cursor:
        for setting in POSTGRESQL:
            cursor.execute(f"SET {setting}")
    connection.commit()
