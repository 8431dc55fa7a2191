"""What is said of a patient is sealed: it opens with the person's key, at its own place, and nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from data_contracts.errors import BadUsage, EquipoiseError, Erased, Refused, Tampered
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.audit.root_keeper import RootKeeper
from service.break_glass import GlassBreak
from service.consent import Statement
from service.event import Event
from service.harm import HarmReport, KeptHarm
from service.storage.answers import StoredRecommendation
from service.storage.broken_glass import break_glass
from service.storage.erasure import Erasure, erase
from service.storage.key_ring import new_ring, parse_ring
from service.storage.schema import METADATA
from service.storage.store import Store

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ENTRY = Entry("recommendation", LOCAL_ACTOR, NOW)
CANARY = "canary-4711"
DIGEST = "c" * 64


@pytest.fixture
def add(any_store: Store) -> Callable[..., str]:
    """Keep an answer for a patient; its id."""
    any_store.keep_policy(DIGEST, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))

    def make(patient: str = CANARY, **changes: Any) -> str:
        rest: dict[str, Any] = {"request": f'{{"a": "{CANARY}"}}', "response": CANARY.encode() * 3}
        item = StoredRecommendation(uuid4(), NOW, patient, DIGEST, **(rest | changes))
        any_store.add(item, ENTRY)
        return str(item.id)

    return make


def execute(store: Store, *statements: str) -> None:
    """What somebody at the database could do, triggers being no hindrance to its owner."""
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            triggers = (
                connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            )
            for name in triggers:
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))


def test_the_database_holds_nothing_in_clear(any_store: Store, add: Callable[..., str]) -> None:
    """Neither an identifier nor an input, an answer, a reason nor who signed can be read from any table."""
    name, signed = UUID(add()), {"by": CANARY, "role": CANARY, "note": CANARY}
    done = Event(action="review", at=NOW, **signed)
    any_store.add_event(name, done, ENTRY, CANARY.encode())
    report = HarmReport(severity="low", what=CANARY, **signed)
    any_store.add_harm(name, KeptHarm(id=uuid4(), at=NOW, report=report), ENTRY)
    any_store.add_consent(Statement(patient_id=CANARY, purpose="contact", answer="given", **signed), ENTRY)
    wish = GlassBreak(patient_id=CANARY, reason=CANARY)
    any_store.write(lambda transaction: break_glass(transaction, any_store.ring, wish, ENTRY))
    filled = set()
    with any_store.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(select(table)):
                filled.add(table.name)
                assert CANARY not in " ".join(str(cell) for cell in row)
    assert filled >= {"persons", "recommendations", "events", "consents", "harms", "broken_glass", "audit"}


MOVES = {
    "field swap": "UPDATE recommendations SET request = response WHERE id = '{one}'",
    "row swap": "UPDATE recommendations SET response = (SELECT response FROM recommendations WHERE id = '{two}') "
    "WHERE id = '{one}'",
    "person swap": "UPDATE recommendations SET person = (SELECT person FROM recommendations WHERE id = '{other}') "
    "WHERE id = '{one}'",
    "one bit": "UPDATE recommendations SET request = {bit} WHERE id = '{one}'",
    "cut": "UPDATE recommendations SET request = substr(request, 1, 5) WHERE id = '{one}'",
}


@pytest.mark.parametrize("move", MOVES)
def test_a_moved_or_changed_field_does_not_open(any_store: Store, add: Callable[..., str], move: str) -> None:
    """Ciphertext put into another field, row or person, changed or cut is refused, not read as something else."""
    one, two, other = add(), add(), add("someone else")
    with any_store.engine.connect() as connection:
        query = text("SELECT request FROM recommendations WHERE id = :id")
        sealed = bytearray(connection.execute(query, {"id": one}).scalar_one())
    sealed[20] ^= 1
    flipped = bytes(sealed)
    execute(any_store, MOVES[move].format(one=one, two=two, other=other, bit=_blob(any_store, flipped)))
    with pytest.raises(Tampered):
        any_store.get(one)
    assert any_store.get(two).response == CANARY.encode() * 3


def test_a_person_of_another_organisation_does_not_open(any_store: Store, add: Callable[..., str]) -> None:
    """Whose patient somebody is stands in clear; changed there, as another organisation would like, nothing opens."""
    one = add()
    execute(any_store, "UPDATE persons SET organisation = 'Other Trust'")
    with pytest.raises(Tampered, match="another organisation"):
        any_store.get(one)


def test_a_key_is_its_person_s(any_store: Store, add: Callable[..., str]) -> None:
    """A wrapped key put in the place of another person's opens nothing there."""
    one, other = add(), add("someone else")
    persons = [any_store.get(name).person for name in (one, other)]
    taken = f"(SELECT wrapped_key FROM persons WHERE id = '{persons[1]}')"  # noqa: S608
    execute(any_store, f"UPDATE persons SET wrapped_key = {taken} WHERE id = '{persons[0]}'")  # noqa: S608
    with pytest.raises(Tampered):
        any_store.get(one)
    assert any_store.get(other).patient_id == "someone else"


def test_a_key_that_is_not_configured_opens_nothing(any_store: Store, add: Callable[..., str]) -> None:
    """What an old or stranger's master key wrapped is refused, also if it claims to be the current key's work."""
    one, stranger = add(), new_ring(NOW)
    person = any_store.get(one).person
    assert person is not None
    key_id, wrapped = stranger.wrap(b"k" * 32, person)
    for claimed in (key_id, any_store.ring.current.id):
        put = f"key_id = '{claimed}', wrapped_key = {_blob(any_store, wrapped)}"
        execute(any_store, f"UPDATE persons SET {put}")  # noqa: S608
        with pytest.raises((Refused, Tampered)):
            any_store.get(one)


def test_erasure_destroys_the_key(any_store: Store, add: Callable[..., str], tmp_path: Path) -> None:
    """After erasure nothing of the person opens, nothing leads to them, others are untouched; who returns is new."""
    gone, stays = add(), add("someone else")
    before = any_store.get(gone).person
    wish = Erasure(patient_id=CANARY, by="Dr A", role="GP")
    assert erase(any_store, wish, ENTRY, tmp_path) == before
    with pytest.raises(Erased):
        any_store.get(gone)
    assert any_store.get(stays).patient_id == "someone else"
    with any_store.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM persons WHERE id = :id"), {"id": before}).mappings().one()
    assert [name for name, held in row.items() if held is not None] == ["id", "organisation", "erased_at"]
    with pytest.raises(EquipoiseError, match="Nothing is kept"):
        erase(any_store, wish, ENTRY, tmp_path)
    again = any_store.get(add())
    assert again.person != before


def test_erased_keys_leave_the_file(store: Store, tmp_path: Path) -> None:
    """On SQLite not even the file or its log holds the wrapped key after an erasure."""
    store.keep_policy(DIGEST, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    store.add(StoredRecommendation(uuid4(), NOW, CANARY, DIGEST, "{}", b"x"), ENTRY)
    with store.engine.connect() as connection:
        wrapped = bytes(connection.execute(text("SELECT wrapped_key FROM persons")).scalar_one())
    file = store.engine.url.database
    assert file is not None

    def held() -> bool:
        return any(wrapped in path.read_bytes() for path in Path(file).parent.glob("service.db*"))

    assert held()
    erase(store, Erasure(patient_id=CANARY, by="Dr A", role="GP"), ENTRY, tmp_path)
    assert not held()


def test_erased_keys_leave_the_file_behind_a_reader(store: Store, tmp_path: Path) -> None:
    """While something reads for long the log keeps what it had; it is emptied at the first turn after that."""
    store.keep_policy(DIGEST, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    store.add(StoredRecommendation(uuid4(), NOW, CANARY, DIGEST, "{}", b"x"), ENTRY)
    with store.engine.connect() as connection:
        wrapped = bytes(connection.execute(text("SELECT wrapped_key FROM persons")).scalar_one())
    file = Path(store.engine.url.database or "")
    keeper = RootKeeper(store, tmp_path, 60, lambda: NOW)

    def held() -> bool:
        return any(wrapped in path.read_bytes() for path in file.parent.glob("service.db*"))

    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM audit").fetchall()
        erase(store, Erasure(patient_id=CANARY, by="Dr A", role="GP"), ENTRY, tmp_path)
        assert keeper.write()
        assert held()
        reader.execute("COMMIT")
        assert keeper.write()
        assert not held()


def test_secrets_are_hidden() -> None:
    """A key ring shows its ids and never a key; what is written is read back; anything else is no ring."""
    ring = new_ring(NOW)
    shown = f"{ring!r} {ring.current!r}"
    assert ring.current.id in shown
    assert not any(secret.hex() in shown or str(secret) in shown for secret in (ring.lookup, ring.current.secret))
    again = parse_ring(ring.dumped(), "x")
    assert (again.lookup, again.signing, again.current.secret) == (ring.lookup, ring.signing, ring.current.secret)
    for text_ in ("", "{}", "[]", ring.dumped().replace("lookup", "l"), ring.dumped().replace('": "', '": "A')):
        with pytest.raises(BadUsage):
            parse_ring(text_, "x")


def _blob(store: Store, content: bytes) -> str:
    return f"'\\x{content.hex()}'::bytea" if store.engine.dialect.name == "postgresql" else f"x'{content.hex()}'"
