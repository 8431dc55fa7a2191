"""Backup and restore: the same records in another database, whole, shut without the keys, and erased for good."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from data_contracts.errors import Erased, Refused
from service.__main__ import main
from service.audit.actor import LOCAL_ACTOR
from service.audit.chain import head_of
from service.audit.entry import Entry
from service.audit.root import write_root
from service.audit.verify import verify
from service.consent import Statement
from service.sessions.session_store import Sessions
from service.sessions.setting import Lifetimes
from service.storage import backup
from service.storage.answers import StoredRecommendation
from service.storage.database import open_database
from service.storage.key_ring import new_ring
from service.storage.keys import Keys
from service.storage.store import Store

NOW = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
CANARY = "canary-4711"


@pytest.fixture
def name(any_store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with an answer and a consent, configured for the commands; the answer's id."""
    monkeypatch.setenv("EQUIPOISE_DATABASE_URL", database_url)
    any_store.keep_policy("c" * 64, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    item = StoredRecommendation(uuid4(), NOW, CANARY, "c" * 64, "{}", CANARY.encode())
    any_store.add(item, Entry("recommendation", LOCAL_ACTOR, NOW))
    said = Statement(patient_id=CANARY, purpose="contact", answer="given", by="Dr A", role="GP")
    any_store.add_consent(said, Entry("consent", LOCAL_ACTOR, NOW))
    return str(item.id)


@pytest.fixture
def elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, any_store: Store
) -> Callable[[], Store]:
    """Points the commands at another, empty database, of the other kind; gives its store."""

    def move() -> Store:
        other = any_store.engine.dialect.name == "sqlite"
        url = str(request.getfixturevalue("postgres_url")) if other else f"sqlite:///{tmp_path / 'other.db'}"
        monkeypatch.setenv("EQUIPOISE_DATABASE_URL", url)
        return Store(open_database(SecretStr(url)), any_store.keys)

    return move


def test_private_from_the_start(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is written, for minutes, a backup is its owner's alone too; nothing is left of one that fails."""
    modes = []

    def full(*_: object) -> None:
        modes.extend(one.stat().st_mode & 0o777 for one in (tmp_path / "to").iterdir())
        raise OSError(28, "No space left on device")

    (tmp_path / "to").mkdir()
    monkeypatch.setattr(backup, "_write", full)
    assert main(["backup", "--out", str(tmp_path / "to" / "backup.zip")]) == 2
    assert (modes, list((tmp_path / "to").iterdir())) == ([0o600], [])


def test_there_and_back(name: str, elsewhere: Callable[[], Store], tmp_path: Path) -> None:
    """From SQLite into PostgreSQL and the other way: the same answer opens, all verifies, nothing in clear."""
    file = tmp_path / "backup.zip"
    assert main(["backup", "--out", str(file)]) == 0
    assert main(["backup", "--out", str(file)]) == 2
    assert main(["restore", str(file)]) == 5  # into the database that it came from
    with zipfile.ZipFile(file) as archive:
        assert all(CANARY.encode() not in archive.read(one) for one in archive.namelist())
    store = elsewhere()
    assert main(["restore", str(file)]) == 0
    assert store.get(name).response == CANARY.encode()
    with store.reading() as connection, store.reading() as beside:
        result = verify(connection, beside, (), store.ring)
    assert (result.records, result.rows, result.findings) == (4, 3, ())
    assert main(["restore", str(file)]) == 5
    with pytest.raises(Refused):
        Store(store.engine, Keys(new_ring(NOW))).get(name)
    store.close()


def test_a_backup_brings_nobody_back(
    name: str, any_store: Store, elsewhere: Callable[[], Store], tmp_path: Path
) -> None:
    """Who was erased after the backup is erased again when it is restored, and who was signed in is so no more."""
    file = tmp_path / "backup.zip"
    Sessions(any_store, Lifetimes(), lambda _: True).begin(LOCAL_ACTOR, NOW)
    assert main(["backup", "--out", str(file)]) == 0
    assert main(["erase", "--patient", CANARY, "--by", "Dr A"]) == 0
    store = elsewhere()
    assert main(["restore", str(file)]) == 0
    with pytest.raises(Erased):
        store.get(name)
    with store.reading() as connection:
        assert connection.execute(text("SELECT wrapped_key FROM persons")).scalars().all() == [None]
        assert connection.execute(text("SELECT id FROM sessions")).scalars().all() == []
    store.close()


def test_what_the_backup_did_not_have_is_lost_and_not_cut(
    name: str, any_store: Store, elsewhere: Callable[[], Store], tmp_path: Path, home: Path, capsys: Any
) -> None:
    """Verified after it was restored, and when it has grown: sound, and told what is lost; no other cut passes."""
    file, roots = tmp_path / "backup.zip", home / "audit-roots"
    assert main(["backup", "--out", str(file)]) == 0
    any_store.note(Entry("read", LOCAL_ACTOR, NOW))
    with any_store.reading() as connection:
        write_root(roots, head_of(connection), any_store.ring, NOW)
    store = elsewhere()
    assert main(["restore", str(file)]) == 0
    for _ in range(5):
        assert main(["audit", "verify"]) == 0
        assert "lost: records 4 to" in capsys.readouterr().err
        store.note(Entry("read", LOCAL_ACTOR, NOW))
    with store.reading() as connection:
        write_root(roots, head_of(connection), store.ring, NOW)
    assert main(["audit", "verify"]) == 0
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE seq > 5"))
    assert main(["audit", "verify"]) == 5
    store.close()


def test_a_note_that_is_not_whole_is_told(
    name: str, elsewhere: Callable[[], Store], tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who was erased cannot be erased again by a note that is gone or damaged: whoever restores is told so."""
    file, note = tmp_path / "backup.zip", home / "audit-roots" / "erased.jsonl"
    assert main(["backup", "--out", str(file)]) == 0
    assert main(["erase", "--patient", CANARY, "--by", "Dr A"]) == 0
    note.write_text(note.read_text().replace("erased", "erasee", 1))
    elsewhere().close()
    assert main(["restore", str(file)]) == 0
    assert "1 lines of" in capsys.readouterr().err


def change(archive: Path, part: str) -> None:
    """Write an archive anew with one byte of one part changed."""
    with zipfile.ZipFile(archive) as before:
        parts = {one: before.read(one) for one in before.namelist()}
    content = bytearray(parts[part])
    content[20] ^= 1
    parts[part] = bytes(content)
    with zipfile.ZipFile(archive, "w") as after:
        for one, content in parts.items():
            after.writestr(one, content)


@pytest.mark.parametrize("part", ["audit.jsonl", "contents.json", "signature"])
def test_a_changed_backup_is_refused(
    name: str, elsewhere: Callable[[], Store], tmp_path: Path, part: str, home: Path
) -> None:
    """One byte changed, or signed by nobody who is believed: exit 5, and the database stays empty."""
    file = tmp_path / "backup.zip"
    assert main(["backup", "--out", str(file)]) == 0
    store = elsewhere()
    change(file, part)
    assert main(["restore", str(file)]) == 5
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 0
    store.close()


def test_no_backup(any_store: Store, tmp_path: Path, capsys: Any, home: Path) -> None:
    """What is no backup is told: missing 3, of another form 2."""
    (tmp_path / "x.zip").write_bytes(b"nonsense")
    assert main(["restore", str(tmp_path / "nowhere.zip")]) == 3
    assert main(["restore", str(tmp_path / "x.zip")]) == 2
    assert "Traceback" not in capsys.readouterr().err
