"""The store: migrated, durable, private, and the same bytes out as in."""

from __future__ import annotations

import io
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import inspect, text

from data_contracts.errors import NotFound, NotReady
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.storage.answers import StoredRecommendation
from service.storage.cards import StoredCard, add_cards, cards_of
from service.storage.database import HEAD, MIGRATIONS, database_problem, open_database, upgrade
from service.storage.key_ring import new_ring
from service.storage.keys import Keys
from service.storage.opening import ready
from service.storage.schema import METADATA
from service.storage.store import Store
from service.storage.take_over import take_over

ENTRY = Entry("recommendation", LOCAL_ACTOR, datetime.now(UTC))


def stored(store: Store, **changes: Any) -> StoredRecommendation:
    digest = "c" * 64
    store.keep_policy(digest, {"manifest.json": b"{}"}, ENTRY)
    values = {"id": uuid4(), "created_at": datetime.now(UTC), "patient_id": "P-1"}
    rest = {"policy_manifest_sha256": digest, "request": "{}", "response": b'{"a": 1.10}\x00\xff'}
    return StoredRecommendation(**(values | rest | changes))


def test_bytes_come_back(store: Store) -> None:
    """A response is given back byte for byte, whatever its bytes."""
    item = stored(store)
    store.add(item, ENTRY)
    found = store.get(str(item.id))
    assert found.response == item.response
    assert (found.patient_id, found.request, found.id) == (item.patient_id, item.request, item.id)


def test_times_come_back_as_utc(any_store: Store) -> None:
    """A time has its zone when it comes back, from either kind of database."""
    item = stored(any_store)
    any_store.add(item, ENTRY)
    assert any_store.get(str(item.id)).created_at == item.created_at


def test_a_card_is_news_until_it_was_shown(any_store: Store) -> None:
    """A card is written with its answer, opens as it was, and was shown from then on, on either kind of database."""
    item, news = stored(any_store), "n" * 64
    card = StoredCard(str(uuid4()), item.id, item.created_at, "patient-view", news, '{"card": "é"}')
    before, after = (item.created_at + timedelta(seconds=one) for one in (-1, 1))
    assert not any_store.was_shown(news, before)
    any_store.add(item, ENTRY, also=lambda transaction, person: add_cards(transaction, person, [card], ENTRY))
    assert [any_store.was_shown(news, since) for since in (before, after)] == [True, False]
    with any_store.reading() as connection:
        assert list(cards_of(connection, any_store.ring)) == [(card, "P-1")]


def test_add_twice_is_an_error(store: Store) -> None:
    """One id is one answer: nothing is overwritten."""
    item = stored(store)
    store.add(item, ENTRY)
    with pytest.raises(NotReady):
        store.add(stored(store, id=item.id, response=b"other"), ENTRY)
    assert store.get(str(item.id)).response == item.response


@pytest.mark.parametrize("name", ["", "x", "\x00", "' OR 1=1 --", "00000000-0000-4000-8000-000000000000"])
def test_no_such_recommendation(store: Store, name: str) -> None:
    """An id that is none, or that nobody was given, is not found."""
    with pytest.raises(NotFound):
        store.get(name)


def test_migrations_make_the_tables(any_store: Store) -> None:
    """The migrations end in exactly the tables that the store uses, at the revision that readiness asks for."""
    with any_store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_upgrade_twice_keeps_the_answers(store: Store) -> None:
    """A restart migrates again and loses nothing."""
    item = stored(store)
    store.add(item, ENTRY)
    upgrade(store.engine)
    assert store.get(str(item.id)).response == item.response


def test_durable_and_private(store: Store, home: Path) -> None:
    """SQLite runs with WAL and synchronous=FULL, in a file that only its owner may read."""
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    for path in home.glob("service.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_postgresql_schema_compiles() -> None:
    """The migration is also valid for PostgreSQL, as its SQL shows."""
    output = io.StringIO()
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("dialect", "postgresql")
    command.upgrade(config, "head", sql=True)
    assert "response BYTEA NOT NULL" in output.getvalue()
    assert "created_at TIMESTAMP WITH TIME ZONE NOT NULL" in output.getvalue()
    assert "BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION" in output.getvalue()


@pytest.mark.parametrize(
    "url",
    # pragma: allowlist nextline secret
    ["", "nonsense", "no-such-database://user:SECRET@host/db", "sqlite:////dev/null/service.db"],
)
def test_unusable_address(url: str) -> None:
    """An address that cannot be used is told without its password."""
    with pytest.raises(NotReady) as caught:
        open_database(SecretStr(url))
    assert "SECRET" not in str(caught.value)


def test_file_that_is_no_database(tmp_path: Path) -> None:
    """A file of another kind is left as it is, and told."""
    (tmp_path / "service.db").write_bytes(b"not a database, but precious" * 100)
    engine = open_database(SecretStr(f"sqlite:///{tmp_path / 'service.db'}"))
    with pytest.raises(NotReady):
        upgrade(engine)
    assert database_problem(engine)
    assert (tmp_path / "service.db").read_bytes() == b"not a database, but precious" * 100


def test_an_empty_database_is_told_as_such(database_url: str) -> None:
    """Where no service ran yet, that is what is said, and not the name of a library's error."""
    engine = open_database(SecretStr(database_url))
    assert database_problem(engine) == "The database holds no tables yet."
    engine.dispose()


def test_answers_of_the_first_schema_are_kept(database_url: str) -> None:
    """A database of the schema before events is brought to the newest with its answers, sealed; and never back."""
    engine = open_database(SecretStr(database_url))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO policies VALUES ('c', '{}')"))
        blob = "'\\x00ff'::bytea" if engine.dialect.name == "postgresql" else "x'00ff'"
        values, key = f"'2026-01-01', 'P-1', 'draft', 'c', '{{}}', {blob}", str(uuid4())
        connection.execute(text(f"INSERT INTO recommendations VALUES ('{key}', {values})"))  # noqa: S608
    upgrade(engine)
    assert database_problem(engine) is None
    store = Store(engine, Keys(new_ring(datetime.now(UTC))))
    assert take_over(store, datetime.now(UTC)) == 1
    assert take_over(store, datetime.now(UTC)) == 0
    found = store.get(key)
    assert (found.response, found.patient_id, found.request) == (b"\x00\xff", "P-1", "{}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 1
    assert not inspect(engine).has_table("recommendations_0003")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        with pytest.raises(RuntimeError, match="clear"):
            command.downgrade(config, "0001")
    store.close()


def test_an_empty_database_goes_back(any_store: Store) -> None:
    """Where nothing is kept the schema can be taken back to the first and brought forward again."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    any_store.close()
    with any_store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert database_problem(any_store.engine) is not None
    ready(any_store, datetime.now(UTC))
    assert any_store.problem() is None
    item = stored(any_store)
    any_store.add(item, ENTRY)
    assert any_store.get(str(item.id)).response == item.response


def test_sessions_of_an_earlier_schema_end(database_url: str) -> None:
    """A database in which people are signed in, and nothing says who, is brought to the newest: they log in again."""
    engine = open_database(SecretStr(database_url))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        blob = "'\\x00ff'::bytea" if engine.dialect.name == "postgresql" else "x'00ff'"
        values = f"'s', 'w', '2026-01-01', '2026-01-02', {blob}"
        connection.execute(text(f"INSERT INTO sessions VALUES ({values})"))  # noqa: S608
    upgrade(engine)
    assert database_problem(engine) is None
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 0
    engine.dispose()
