"""`audit verify` on rows: answers, persons, policies and what answers came from are as the chain says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import LargeBinary, select, text, update

from data_contracts.manifest import sha256
from service.access.principal import LOCAL
from service.audit.actor import LOCAL_ACTOR, OPERATOR, Actor
from service.audit.check_rows import TABLES
from service.audit.entry import Entry
from service.audit.verify import verify
from service.break_glass import GlassBreak, GlassReview
from service.consent import Statement
from service.harm import HarmReport, KeptHarm
from service.storage.answers import StoredRecommendation
from service.storage.broken_glass import break_glass, review_glass, waiting_glasses
from service.storage.erasure import Erasure, erase
from service.storage.person import PatientName
from service.storage.retention import apply_retention
from service.storage.rotation import rotate
from service.storage.schema import METADATA, PERSONS, POLICIES
from service.storage.store import Store
from service.storage.surroundings import Surroundings

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def filled(any_store: Store) -> tuple[Store, str]:
    """A store with two answers, and the id of the first."""
    any_store.keep_policy("c" * 64, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    ids = []
    for days in (0, 10):
        at = NOW + timedelta(days=days)
        item = StoredRecommendation(uuid4(), at, "P-1", "c" * 64, "{}", b"x")
        any_store.add(item, Entry("recommendation", LOCAL_ACTOR, at))
        ids.append(str(item.id))
    return any_store, ids[0]


def found_in(store: Store) -> list[str]:
    with store.reading() as connection, store.reading() as beside:
        return [one.what for one in verify(connection, beside, (), store.ring).findings]


def as_owner(store: Store, *statements: str) -> None:
    """What somebody at the database could do, triggers and keys being no hindrance to its owner."""
    free = store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with free as connection:
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA foreign_keys = OFF"))
            connection.execute(text("DROP TRIGGER IF EXISTS recommendations_no_update"))
        for one in statements:
            connection.execute(text(one))


ROWS = {
    "time": ("UPDATE recommendations SET created_at = '2026-03-02 00:00:00.000000' WHERE id = '{id}'", "row_changed"),
    "policy": (
        "INSERT INTO policies VALUES ('d', '{{}}'); "
        "UPDATE recommendations SET policy_manifest_sha256 = 'd' WHERE id = '{id}'",
        "row_changed, row_stranger",
    ),
    "what a policy says": ("UPDATE policies SET documents = '{{}}'", "row_changed"),
    "a policy gone": ("DELETE FROM recommendations; DELETE FROM policies", "row_missing, row_missing, row_missing"),
    "whose": ("UPDATE persons SET organisation = 'Other Trust'", "row_changed"),
    "who": ("UPDATE persons SET patient = '0'", "row_changed"),
    "a key gone": ("UPDATE persons SET wrapped_key = NULL", "row_changed"),
    "another database's person": ("UPDATE persons SET wrapped_key = identifier", "row_changed"),
    "nobody": (
        "INSERT INTO persons SELECT '0', organisation, NULL, identifier, key_id, wrapped_key, erased_at FROM persons",
        "row_stranger",
    ),
    "a person gone": (
        "UPDATE persons SET id = '0'; UPDATE recommendations SET person = '0'",
        "row_changed, row_changed, row_stranger, row_missing",
    ),
    "content": ("UPDATE recommendations SET response = request WHERE id = '{id}'", "row_changed"),
    "gone": ("DELETE FROM recommendations WHERE id = '{id}'", "row_missing"),
    "added": (
        "INSERT INTO recommendations SELECT '0', created_at, person, policy_manifest_sha256, surroundings_sha256, "
        "request, response FROM recommendations WHERE id = '{id}'",
        "row_stranger",
    ),
}


@pytest.mark.parametrize("case", ROWS)
def test_rows_that_the_chain_speaks_of(filled: tuple[Store, str], case: str) -> None:
    """An answer that was changed in any column, removed, or slipped in beside the audit is found."""
    store, name = filled
    statement, what = ROWS[case]
    assert found_in(store) == []
    as_owner(store, *statement.format(id=name).split("; "))
    assert found_in(store) == what.split(", ")


def test_a_row_that_cannot_be_read_is_located(store: Store) -> None:
    """What SQLite keeps where a time belongs is found at its record, beside rows that are as they were."""
    ids = []
    for _ in range(3):
        store.keep_policy("c" * 64, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
        item = StoredRecommendation(uuid4(), NOW, "P-1", "c" * 64, "{}", b"x")
        store.add(item, Entry("recommendation", LOCAL_ACTOR, NOW))
        ids.append(str(item.id))
    as_owner(store, f"UPDATE recommendations SET created_at = 'yesterday' WHERE id = '{ids[1]}'")  # noqa: S608
    with store.reading() as connection, store.reading() as beside:
        (found,) = verify(connection, beside, (), store.ring).findings
        told = connection.execute(text("SELECT seq FROM audit WHERE content LIKE :id"), {"id": f"%{ids[1]}%"})
        assert (found.what, found.first) == ("row_changed", told.scalar_one())
    as_owner(store, "UPDATE persons SET erased_at = 'yesterday'")
    assert "row_changed" in found_in(store)


def test_who_was_erased_stays_so(filled: tuple[Store, str], tmp_path: Path) -> None:
    """A key that somebody put back from an old copy of the table is found, by the record that destroyed it."""
    store, _ = filled
    with store.reading() as connection:
        before = connection.execute(select(PERSONS)).mappings().one()
    erase(store, Erasure(patient_id="P-1", by="Dr A", role="GP"), Entry("erasure", LOCAL_ACTOR, NOW), tmp_path)
    assert found_in(store) == []
    with store.engine.begin() as connection:
        connection.execute(update(PERSONS).values(dict(before)))
    with store.reading() as connection, store.reading() as beside:
        (found,) = verify(connection, beside, (), store.ring).findings
        erased = connection.execute(text("SELECT max(seq) FROM audit")).scalar_one()
    assert (found.what, found.first) == ("row_changed", erased)


def test_keys_that_were_rotated_are_sound(filled: tuple[Store, str]) -> None:
    """Wrapping persons' keys anew changes their rows, and is no tampering."""
    store, _ = filled
    assert rotate(store, OPERATOR, NOW) == 1
    assert found_in(store) == []


def test_a_policy_of_before_its_row_was_told_of(any_store: Store) -> None:
    """One that was taken in when records told of no row is no stranger."""
    with any_store.engine.begin() as connection:
        connection.execute(POLICIES.insert(), {"manifest_sha256": "c" * 64, "documents": "{}"})
    any_store.note(Entry("policy", LOCAL_ACTOR, NOW, detail={"manifest_sha256": "c" * 64}))
    assert found_in(any_store) == []


def test_what_answers_came_from(any_store: Store) -> None:
    """Rules and version that an answer came from are called by their hash: changed or removed they are found."""
    any_store.keep_policy("c" * 64, {"manifest.json": b"{}"}, Entry("policy", LOCAL_ACTOR, NOW))
    beside = Surroundings(sha256(b"as it was"), "as it was")
    item = StoredRecommendation(uuid4(), NOW, "P-1", "c" * 64, "{}", b"x", surroundings=beside)
    any_store.add(item, Entry("recommendation", LOCAL_ACTOR, NOW))
    assert found_in(any_store) == []
    as_owner(any_store, "UPDATE surroundings SET content = 'another version'")
    assert found_in(any_store) == ["row_changed"]
    as_owner(any_store, "DELETE FROM surroundings")
    assert found_in(any_store) == ["row_missing"]


def test_every_table_with_sealed_fields_is_looked_at() -> None:
    """Whatever table keeps sealed content, its rows are compared with the chain.

    Persons' keys change by rotation; a study's files come and go with it, their hashes stand in the records; so do
    sessions of browsers, of which the audit tells beginning and end.
    """
    sealed = {table.name for table in METADATA.sorted_tables if any(_sealed(column) for column in table.columns)}
    assert sealed - {"persons", "study_files", "sessions"} <= set(TABLES)


def _sealed(column: Any) -> bool:
    return isinstance(column.type, LargeBinary)


def test_retention_is_no_tampering(filled: tuple[Store, str]) -> None:
    """What retention removed is accounted for by its own record; what goes missing otherwise is not."""
    store, name = filled
    assert apply_retention(store, 5, LOCAL_ACTOR, NOW + timedelta(days=8)) == 1
    assert apply_retention(store, 5, LOCAL_ACTOR, NOW + timedelta(days=8)) == 0
    assert found_in(store) == []
    with store.engine.begin() as connection:
        assert connection.execute(text("SELECT id FROM recommendations")).scalars().all() != [name]
        assert connection.execute(text("SELECT count(wrapped_key) FROM persons")).scalar_one() == 1
        connection.execute(text("DELETE FROM recommendations"))
    assert found_in(store) == ["row_missing"]


def test_retention_covers_no_more_than_it_did(filled: tuple[Store, str]) -> None:
    """An old answer that goes besides, or a key that is emptied with the time of a retention, is found."""
    store, _ = filled
    at = NOW + timedelta(days=60)
    for days in (1, 2):
        made = NOW + timedelta(days=days)
        item = StoredRecommendation(uuid4(), made, f"P-{days + 1}", "c" * 64, "{}", b"x")
        store.add(item, Entry("recommendation", LOCAL_ACTOR, made))
    report = HarmReport(by="Dr A", role="GP", severity="severe", what="harm")
    store.add_harm(item.id, KeptHarm(id=uuid4(), at=at, report=report), Entry("harm", LOCAL_ACTOR, at))
    assert apply_retention(store, 30, LOCAL_ACTOR, at) == 3
    assert found_in(store) == []
    as_owner(store, "DELETE FROM harms", "DELETE FROM recommendations")
    assert found_in(store) == ["row_missing"]
    gone = "UPDATE persons SET wrapped_key = NULL, erased_at = (SELECT max(erased_at) FROM persons)"
    as_owner(store, f"{gone} WHERE wrapped_key IS NOT NULL")
    assert found_in(store) == ["row_missing", "row_changed"]


def test_of_whom_nothing_is_left_the_key_goes(filled: tuple[Store, str]) -> None:
    """Once the last answer of a person is removed their key is destroyed; one whose consent is kept keeps theirs."""
    store, _ = filled
    item = StoredRecommendation(uuid4(), NOW, "P-2", "c" * 64, "{}", b"x")
    store.add(item, Entry("recommendation", LOCAL_ACTOR, NOW))
    said = Statement(patient_id="P-2", purpose="contact", answer="given", by="Dr A", role="GP")
    store.add_consent(said, Entry("consent", LOCAL_ACTOR, NOW))
    assert apply_retention(store, 5, LOCAL_ACTOR, NOW + timedelta(days=30)) == 3
    with store.reading() as connection:
        kept = connection.execute(text("SELECT count(wrapped_key), count(patient), count(*) FROM persons")).one()
    assert tuple(kept) == (1, 1, 2)
    assert store.standing(PatientName("local", "P-2")).said["contact"][0] == "given"
    assert found_in(store) == []


def test_retention_keeps_what_was_done_since(filled: tuple[Store, str]) -> None:
    """An old answer whose harm was told of yesterday stays, report and all, until that is as old."""
    store, name = filled
    report = HarmReport(by="Dr A", role="GP", severity="severe", what="harm")
    late = NOW + timedelta(days=7)
    store.add_harm(UUID(name), KeptHarm(id=uuid4(), at=late, report=report), Entry("harm", LOCAL_ACTOR, late))
    assert apply_retention(store, 5, LOCAL_ACTOR, NOW + timedelta(days=8)) == 0
    assert len(store.harms(UUID(name))) == 1
    assert apply_retention(store, 5, LOCAL_ACTOR, NOW + timedelta(days=13)) == 1
    assert found_in(store) == []


@pytest.mark.parametrize(("reviewed", "days"), [(False, 400), (True, 9)])
def test_retention_keeps_broken_glass_open(filled: tuple[Store, str], *, reviewed: bool, days: int) -> None:
    """Why somebody saw a patient stays readable until it was reviewed, and then for as long as answers are kept."""
    store, _ = filled
    broken = NOW + timedelta(days=days - 1)
    entry = Entry("break_glass", LOCAL_ACTOR, broken)
    wish = GlassBreak(patient_id="P-1", reason="found unconscious")
    glass = store.write(lambda transaction: break_glass(transaction, store.ring, wish, entry))
    if reviewed:
        auditor = Actor(LOCAL.model_copy(update={"subject": "auditor"}), "here")
        found, done = GlassReview(verdict="justified", words="on call"), Entry("glass_review", auditor, broken)
        store.write(lambda transaction: review_glass(transaction, store.ring, glass.id, found, done))
    assert apply_retention(store, 5, LOCAL_ACTOR, NOW + timedelta(days=max(days, 20))) == 2
    with store.reading() as connection:
        waiting = waiting_glasses(connection, store.ring, "local")
        kept = connection.execute(text("SELECT count(wrapped_key) FROM persons")).scalar_one()
    assert (waiting.waiting, waiting.erased, kept) == ((0, 0, 0) if reviewed else (1, 0, 1))
    assert found_in(store) == []
