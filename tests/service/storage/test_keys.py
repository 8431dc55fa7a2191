"""Keys: where they come from, and that they are rotated while the service answers."""

from __future__ import annotations

import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest

from data_contracts.errors import BadUsage, Refused, WrongState
from service.audit.actor import LOCAL_ACTOR, OPERATOR
from service.audit.entry import Entry
from service.storage.answers import StoredRecommendation, add_answer, find_answer
from service.storage.key_ring import KeyRing, new_ring
from service.storage.keys import Keys, change_ring, make_ring, open_keys, read_ring
from service.storage.rotation import SETTLING, add_spare, retire, rewrap, rotate, use
from service.storage.store import Store

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DIGEST = "c" * 64


def kept(store: Store, patient: str) -> str:
    item = StoredRecommendation(uuid4(), NOW, patient, DIGEST, "{}", patient.encode())
    store.add(item, Entry("recommendation", LOCAL_ACTOR, NOW))
    return str(item.id)


@pytest.fixture
def full(any_store: Store) -> tuple[Store, list[str]]:
    """A store with answers for thirty patients."""
    any_store.keep_policy(DIGEST, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    return any_store, [kept(any_store, f"P-{number}") for number in range(30)]


def test_made_here_private_and_told(home: Path) -> None:
    """Without configuration keys are made once, in home, for their owner alone, and are known to be made there."""
    keys = open_keys({}, NOW)
    assert keys.made_here
    assert keys.path is not None
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert open_keys({}, NOW).ring.lookup == keys.ring.lookup
    assert (home / "trusted-services" / "service.pem").read_bytes() == keys.ring.public_pem


def test_two_that_start_at_once_have_the_same_keys(home: Path) -> None:
    """Of many that find no keys in the same moment one makes them, and all use those."""
    found: list[bytes] = []
    threads = [Thread(target=lambda: found.append(open_keys({}, NOW).ring.lookup)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in (home / "keys").iterdir()] == ["service.json"]


def test_from_file_and_from_environment(tmp_path: Path) -> None:
    """A file or a variable gives the ring; both, neither of the two forms, or a file that others may read do not."""
    ring = make_ring(tmp_path / "keys.json", NOW)
    for environment in ({"EQUIPOISE_KEYS_FILE": str(tmp_path / "keys.json")}, {"EQUIPOISE_KEYS": ring.dumped()}):
        keys = open_keys(environment, NOW)
        assert (keys.ring.lookup, keys.made_here) == (ring.lookup, False)
    with pytest.raises(BadUsage, match="Both"):
        open_keys({"EQUIPOISE_KEYS_FILE": str(tmp_path / "keys.json"), "EQUIPOISE_KEYS": ring.dumped()}, NOW)
    with pytest.raises(BadUsage, match="no key ring") as told:
        open_keys({"EQUIPOISE_KEYS": "SECRET"}, NOW)
    assert "SECRET" not in str(told.value)
    (tmp_path / "keys.json").chmod(0o644)
    with pytest.raises(BadUsage, match="chmod 600"):
        read_ring(tmp_path / "keys.json")
    with pytest.raises(BadUsage):
        make_ring(tmp_path / "keys.json", NOW)


def test_who_is_at_work_when_keys_are_rotated(full: tuple[Store, list[str]]) -> None:
    """With a ring of before the rotation what was wrapped anew meanwhile opens, for reading and for writing."""
    store, ids = full
    before = store.ring
    rotate(store, OPERATOR, NOW)
    with store.reading() as connection:
        found = find_answer(connection, before, UUID(ids[0]))
    assert found is not None
    assert found.patient_id == "P-0"
    item = StoredRecommendation(uuid4(), NOW, "P-0", DIGEST, "{}", b"x")
    entry = Entry("recommendation", LOCAL_ACTOR, NOW)
    store.write(lambda transaction: add_answer(transaction, before, item, entry))
    assert store.get(str(item.id)).person == found.person


def test_a_broken_file_while_serving(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key file that others may read, or that holds something else, is told once; the keys of before are used on."""
    path = home / "keys.json"
    keys = Keys(make_ring(path, NOW), path)
    before, text = keys.ring, path.read_text()
    for broken, mode in (("{", 0o600), (text + " ", 0o644)):
        path.write_text(broken)
        path.chmod(mode)
        assert keys.ring == keys.ring == before
        assert capsys.readouterr().err.count("WARNING: the keys of before are used on.") == 1
    path.chmod(0o600)
    change_ring(path, lambda ring: ring.with_new_master(NOW))
    assert keys.ring.current != before.current
    assert capsys.readouterr().err == ""


def test_rotation_while_serving(full: tuple[Store, list[str]]) -> None:
    """While a command rotates three times, another process's store reads and writes: not one reading fails."""
    store, ids = full
    assert store.keys.path is not None
    beside = Store(store.engine, Keys(read_ring(store.keys.path), store.keys.path))
    stop, read, failed = Event(), [0], []

    def serve() -> None:
        while not stop.is_set():
            for name in ids:
                try:
                    assert store.get(name).response
                    read[0] += 1
                except Exception as error:
                    failed.append(error)
            ids.append(kept(store, f"new-{len(ids)}"))

    thread = Thread(target=serve)
    thread.start()
    try:
        for number in range(3):
            assert rotate(beside, OPERATOR, NOW + timedelta(days=number)) >= 30
            while read[0] < 40 * (number + 1) and not failed:
                time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert failed == []
    assert read[0] >= 120
    rewrap(beside, OPERATOR, NOW)
    with store.reading() as connection:
        used = set(connection.exec_driver_sql("SELECT key_id FROM persons").scalars())
    assert used == {store.ring.current.id}
    assert [store.get(name).response for name in ids]
    beside.close()


def test_a_retired_key_opens_nothing(full: tuple[Store, list[str]], tmp_path: Path) -> None:
    """A key leaves only once it wraps nothing; then an old copy of the wrapped keys stays shut."""
    store, ids = full
    old, person = store.ring.current.id, store.get(ids[0]).person
    with store.reading() as connection:
        query = "SELECT wrapped_key FROM persons WHERE id = '%s'"
        copy = bytes(connection.exec_driver_sql(query % person).scalar_one())
    assert person is not None
    with pytest.raises(WrongState, match="current"):
        retire(store, old, NOW)
    rotate(store, OPERATOR, NOW)
    with pytest.raises(WrongState, match="minute"):
        retire(store, old, NOW)
    retire(store, old, NOW + SETTLING)
    assert store.get(ids[0]).response == b"P-0"
    with pytest.raises(Refused):
        store.ring.unwrap(old, copy, person)
    with pytest.raises(BadUsage):
        retire(store, old, NOW + SETTLING)


def test_two_who_rotate_at_once_lose_no_key(tmp_path: Path) -> None:
    """Every master key that anybody made is in the file, whoever else changed it in the same moment."""
    make_ring(tmp_path / "keys.json", NOW)
    threads = [Thread(target=change_ring, args=(tmp_path / "keys.json", _new_master)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({master.id for master in read_ring(tmp_path / "keys.json").masters}) == 9


def _new_master(ring: KeyRing) -> KeyRing:
    return ring.with_new_master(NOW)


def test_a_key_may_be_known_everywhere_before_it_is_used(full: tuple[Store, list[str]], tmp_path: Path) -> None:
    """Where a replica has a copy of the file: added, copied, used, copied, wrapped anew; it reads at every step."""
    store, ids = full
    path = store.keys.path
    assert path is not None
    copy = tmp_path / "copy.json"

    def copied() -> None:
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)

    copied()
    replica = Store(store.engine, Keys(read_ring(copy), copy))
    added = add_spare(store, NOW)
    assert store.ring.current.id != added
    assert replica.get(ids[0]).response
    copied()
    use(store, added)
    assert store.ring.current.id == added
    new = kept(store, "P-new")
    assert replica.get(new).response == b"P-new"
    copied()
    assert rewrap(store, OPERATOR, NOW) == 30
    assert [replica.get(name).response for name in ids]
    with pytest.raises(BadUsage):
        use(store, "nonsense")


def test_keys_of_the_environment_are_rotated_there(any_store: Store) -> None:
    """A command cannot change the environment, and says what to do instead."""
    fixed = Store(any_store.engine, Keys(new_ring(NOW)))
    for act in (lambda: rotate(fixed, OPERATOR, NOW), lambda: retire(fixed, "x", NOW)):
        with pytest.raises(BadUsage, match="EQUIPOISE_KEYS"):
            act()
