"""The service's database: opened, brought to the newest schema, and asked whether it is fit for use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from data_contracts.errors import NotReady

HEAD = "0003"
"""The newest migration; a test compares it with the migrations themselves."""

MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: SecretStr) -> Engine:
    """Connect lazily to a SQLAlchemy address; SQLite gets a private file, WAL and synchronous=FULL.

    Raises:
        NotReady: the address is not one, or its driver is not installed.
    """
    try:
        engine = create_engine(url.get_secret_value(), pool_pre_ping=True, hide_parameters=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        step = "Give an address such as sqlite:///FILE, or install the driver that it names."
        raise NotReady(f"The database address cannot be used ({type(error).__name__}). {step}") from None
    if engine.dialect.name == "sqlite":
        _make_private_file(engine.url.database)
        event.listen(engine, "connect", _make_durable)
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
        return f"The database cannot be read ({type(error).__name__})."
    return None if version == HEAD else "The database has another schema than this version of Equipoise."


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
    """FULL and not NORMAL: an acknowledged recommendation survives a power cut."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
