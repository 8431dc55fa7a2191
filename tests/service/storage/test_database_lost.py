"""A database that is full, gone, or gone and back: clear answers, nothing acknowledged lost, recovery by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from sqlalchemy import text

from service.app import create_app
from service.audit.verify import verify
from service.collaborators import Collaborators
from service.served_policy import ServedPolicy
from service.storage.keys import open_keys
from service.storage.opening import ready_store
from service.storage.store import Store
from service.utc import utc_now

URL = "/v1/recommendations"


@pytest.fixture
def serve(served: ServedPolicy, tmp_path: Path) -> Iterator[Any]:
    """Makes a client of the service over a store."""
    from fastapi.testclient import TestClient

    from service.audit.actor import LOCAL_ACTOR
    from service.audit.entry import Entry
    from service.contact import Contact

    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)

    def make(store: Store) -> Any:
        entry = Entry("policy", LOCAL_ACTOR, utc_now())
        store.keep_policy(served.source.manifest_sha256, served.documents, entry)
        return TestClient(create_app(Collaborators(lambda: served, store, contacts, audit_roots=tmp_path)))

    return make


def check_refused(client: Any, profile: dict[str, Any], where: str) -> None:
    """Whatever needs the database is a 503 that says what to do; the process lives."""
    for answer in (client.post(URL, json=profile), client.get(where), client.get(f"{where}/history")):
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:equipoise:problem:not-ready"
        assert "Try again" in answer.json()["detail"]
    assert client.get("/healthz").status_code == 200


def check_sound(store: Store, count: int) -> None:
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()
        assert connection.execute(text("SELECT count(*) FROM recommendations")).scalar_one() == count


def test_disk_full(store: Store, serve: Any, profile: dict[str, Any]) -> None:
    """When SQLite's file cannot grow, writing is refused; with room again it goes on, whole.

    The limit is SQLite's own on a file's pages, which ends in the very error that a full disk gives.
    """
    client = serve(store)
    where = client.post(URL, json=profile).headers["location"]
    with store.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    from sqlalchemy import event

    def limit(connection: Any, _: Any, size: int = 0) -> None:
        connection.execute(f"PRAGMA max_page_count = {size or pages + 12}").close()

    event.listen(store.engine, "connect", limit)
    store.close()
    statuses = [client.post(URL, json=profile).status_code for _ in range(24)]
    made = statuses.count(201)
    assert set(statuses) == {201, 503}
    refused = client.post(URL, json=profile)
    assert refused.status_code == 503
    assert "OperationalError" in refused.json()["detail"]
    event.remove(store.engine, "connect", limit)
    store.close()
    assert client.post(URL, json=profile).status_code == 201
    assert client.get(where).status_code == 200
    check_sound(store, made + 2)


def test_file_gone_and_back(store: Store, serve: Any, profile: dict[str, Any]) -> None:
    """SQLite's file under another name is a 503, and when it is back the answers are there."""
    client = serve(store)
    where = client.post(URL, json=profile).headers["location"]
    file = Path(str(store.engine.url.database))
    store.close()
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    check_refused(client, profile, where)
    file.rmdir()
    file.with_suffix(".away").rename(file)
    assert client.get(where).status_code == 200
    assert client.post(URL, json=profile).status_code == 201
    check_sound(store, 2)


def test_server_gone_and_back(served: ServedPolicy, serve: Any, profile: dict[str, Any], own_server: Any) -> None:
    """A PostgreSQL server that is stopped in the middle of service is a 503; started again, service goes on."""
    from pydantic import SecretStr

    from service.storage.database import open_database

    engine = open_database(SecretStr(own_server.url))
    store = ready_store(engine, open_keys(os.environ, utc_now()), utc_now())
    client = serve(store)
    where = client.post(URL, json=profile).headers["location"]
    own_server.stop()
    check_refused(client, profile, where)
    assert client.get("/readyz").status_code == 503
    own_server.start()
    assert client.post(URL, json=profile).status_code == 201
    assert client.get(where).status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 200, ready.text
    check_sound(store, 2)
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB that is PostgreSQL's alone; where none can be mounted, what needs it is skipped and counted."""
    place = Path(mkdtemp(prefix="equipoise-disk-"))
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no disk can be mounted here; it takes root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


def test_disk_of_postgresql_full(serve: Any, profile: dict[str, Any], own_server: Any, small_disk: Path) -> None:
    """PostgreSQL without room is a 503 that says so and loses nothing acknowledged; with room again it goes on."""
    import psycopg
    from pydantic import SecretStr

    from service.storage.database import open_database

    folder = small_disk / "space"
    folder.mkdir()
    if own_server.user is not None:
        shutil.chown(folder, own_server.user)
    with psycopg.connect(own_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        connection.execute("CREATE DATABASE service TABLESPACE small")
    before, _, query = own_server.url.partition("?")
    url = SecretStr(f"{before.rpartition('/')[0]}/service?{query}")
    store = ready_store(open_database(url), open_keys(os.environ, utc_now()), utc_now())
    client = serve(store)
    where = client.post(URL, json=profile).headers["location"]
    ballast = small_disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    statuses = [client.post(URL, json=profile).status_code for _ in range(24)]
    made = statuses.count(201)
    assert set(statuses) <= {201, 503}
    refused = client.post(URL, json=profile)
    assert (refused.status_code, "Try again" in refused.json()["detail"]) == (503, True)
    assert client.get("/healthz").status_code == 200
    ballast.unlink()
    assert client.post(URL, json=profile).status_code == 201
    assert client.get(where).status_code == 200
    check_sound(store, made + 2)
    store.close()


def test_a_replica_that_hangs(
    served: ServedPolicy, serve: Any, profile: dict[str, Any], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the chain's lock and does not go on costs the others a 503, not for ever; then all goes on."""
    import psycopg
    from pydantic import SecretStr

    from service.storage import database, transaction

    short = tuple(one.replace("10s", "100ms") for one in database.POSTGRESQL)
    monkeypatch.setattr(database, "POSTGRESQL", short)
    store = ready_store(database.open_database(SecretStr(postgres_url)), open_keys(os.environ, utc_now()), utc_now())
    client = serve(store)
    where = client.post(URL, json=profile).headers["location"]
    with psycopg.connect(postgres_url) as hanging:
        hanging.execute(str(transaction.LOCK))
        check_refused(client, profile, where)
    assert client.post(URL, json=profile).status_code == 201
    check_sound(store, 2)
    store.close()
