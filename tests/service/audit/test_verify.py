"""`audit verify`: whatever is done to the chain or to what it vouches for is found, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, insert, text

from service.__main__ import main
from service.audit.actor import LOCAL_ACTOR
from service.audit.chain import NOTHING, Link, canonical, hash_of, head_of, linked
from service.audit.check_chain import ChainCheck
from service.audit.check_rows import TABLES
from service.audit.entry import Entry
from service.audit.finding import Finding
from service.audit.root import FILE, Root, read_roots, write_root
from service.audit.verify import verify
from service.consent import Statement
from service.storage.answers import StoredRecommendation
from service.storage.key_ring import new_ring
from service.storage.person import PatientName
from service.storage.retention import apply_retention
from service.storage.schema import AUDIT, METADATA
from service.storage.store import Store
from service.trusted_keys import load_trusted_services

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
N = 40
Attack = Callable[[list[Link], Any], tuple[list[Link], set[int]]]


def chain_of(n: int, first: int = 0) -> list[Link]:
    links = [NOTHING]
    for number in range(n):
        links.append(linked(Entry("read", LOCAL_ACTOR, NOW, detail={"number": number + first}), links[-1]))
    return links[1:]


CHAIN = chain_of(N)
ROOTS = tuple(Root(seq, CHAIN[seq - 1].hash, NOW.isoformat()) for seq in (10, 20, 30, N))


def findings(links: list[Link], roots: tuple[Root, ...] = ROOTS) -> tuple[Finding, ...]:
    check = ChainCheck(roots)
    for link in links:
        check.take(link)
    return check.findings()


def changed(link: Link, **fields: Any) -> str:
    return canonical(link.told | fields)


def edit(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """One record's content, its hash left."""
    at = draw(st.integers(0, N - 1))
    links[at] = Link(links[at].seq, changed(links[at], who="somebody else"), links[at].hash)
    return links, {at + 1}


def edit_and_hash(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """One record's content and its hash."""
    at = draw(st.integers(0, N - 1))
    content = changed(links[at], who="somebody else")
    links[at] = Link(links[at].seq, content, hash_of(content))
    return links, {at + 1, at + 2} & set(range(1, N + 1))


def delete(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """Some neighbours, not to the end."""
    first = draw(st.integers(0, N - 2))
    last = draw(st.integers(first, N - 2))
    return links[:first] + links[last + 1 :], set(range(first + 1, last + 2))


def delete_and_renumber(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """One record, those after it moved up into its place."""
    at = draw(st.integers(0, N - 2))
    rest = [Link(link.seq - 1, link.content, link.hash) for link in links[at + 1 :]]
    return links[:at] + rest, set(range(at + 1, N + 1))


def swap(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """Two records change places."""
    one, two = draw(st.lists(st.integers(0, N - 1), min_size=2, max_size=2, unique=True))
    a, b = links[one], links[two]
    links[one], links[two] = Link(a.seq, b.content, b.hash), Link(b.seq, a.content, a.hash)
    return links, {one + 1, two + 1}


def cut(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """The end."""
    keep = draw(st.integers(0, N - 1))
    return links[:keep], set(range(keep + 1, N + 1))


def rewrite(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """All from one record on, consistently, by somebody who knows how."""
    at = draw(st.integers(0, N - 1))
    made = links[:at]
    for number in range(at, N):
        made.append(linked(Entry("read", LOCAL_ACTOR, NOW, detail={"number": -number}), made[-1] if made else NOTHING))
    return made, set(range(at + 1, N + 1))


def slip_in(links: list[Link], draw: Any) -> tuple[list[Link], set[int]]:
    """A record that never was, and all after it chained anew."""
    at = draw(st.integers(0, N - 1))
    made = links[:at]
    made.append(linked(Entry("read", LOCAL_ACTOR, NOW, detail={"number": -1}), made[-1] if made else NOTHING))
    for number in range(at, N):
        made.append(linked(Entry("read", LOCAL_ACTOR, NOW, detail={"number": number}), made[-1]))
    return made, set(range(at + 1, N + 2))


ATTACKS: tuple[Attack, ...] = (edit, edit_and_hash, delete, delete_and_renumber, swap, cut, rewrite, slip_in)


def test_an_untouched_chain_is_sound() -> None:
    """Nothing is found where nothing was done, with and without roots, at any length."""
    for n in (0, 1, N):
        assert findings(CHAIN[:n], ROOTS[:0]) == ()
    assert findings(list(CHAIN)) == ()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@given(data=st.data())
def test_every_attack_is_found_and_located(attack: Attack, data: Any) -> None:
    """Whichever record it hits: something is found, and every place that is named is one that was touched.

    The one exception is told as such: of a consistent rewriting only the stretch between two roots can be named.
    """
    links, touched = attack(list(CHAIN), data.draw)
    found = findings(links)
    assert found
    named = {place for one in found for place in range(one.first, one.last + 1)}
    assert named & touched
    for one in found:
        places = set(range(one.first, one.last + 1))
        if one.what == "rewritten":
            assert len(places) <= 10
        elif one.what == "broken":
            assert len(places) == 2
        else:
            assert places <= touched


def test_what_no_root_vouches_for_is_said(any_store: Store) -> None:
    """Without a root a cut end cannot be seen; the result tells up to which record the chain is vouched for."""
    assert findings(CHAIN[:-5], ()) == ()
    for number in range(5):
        any_store.note(Entry("read", LOCAL_ACTOR, NOW, detail={"number": number}))
    with any_store.reading() as connection, any_store.reading() as beside:
        roots = [Root(3, connection.execute(text("SELECT hash FROM audit WHERE seq = 3")).scalar_one(), "")]
        result = verify(connection, beside, roots)
    assert (result.records, result.vouched, result.findings) == (5, 3, ())


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
        return [one.what for one in verify(connection, beside, ()).findings]


ROWS = {
    "time": ("UPDATE recommendations SET created_at = '2026-03-02 00:00:00.000000' WHERE id = '{id}'", "row_changed"),
    "policy": (
        "INSERT INTO policies VALUES ('d', '{{}}'); "
        "UPDATE recommendations SET policy_manifest_sha256 = 'd' WHERE id = '{id}'",
        "row_changed",
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
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            connection.execute(text("DROP TRIGGER recommendations_no_update"))
        for part in statement.format(id=name).split("; "):
            connection.execute(text(part))
    assert found_in(store) == [what]


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


def test_roots_by_strangers_count_for_nothing(tmp_path: Path, store: Store) -> None:
    """A root is believed if a known service signed it; a line of another's, a changed or an unfinished one is told."""
    head = CHAIN[9]
    root = write_root(tmp_path, head, store.ring, NOW)
    keys = load_trusted_services()
    assert read_roots(tmp_path, keys) == ([root], [])
    write_root(tmp_path, head, new_ring(NOW), NOW)
    line = (tmp_path / FILE).read_text().splitlines()[0]
    with (tmp_path / FILE).open("a") as file:
        file.write(line.replace('"seq": 10', '"seq": 11') + "\nnonsense\n" + line[:50])
    roots, problems = read_roots(tmp_path, keys)
    assert roots == [root]
    assert len(problems) == 4


def test_the_command_tells_and_refuses(store: Store, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`equipoise audit verify` ends with 0 on what is sound and with 5, naming the record, on what is not."""
    for number in range(20):
        store.note(Entry("read", LOCAL_ACTOR, NOW, detail={"number": number}))
    with store.reading() as connection:
        write_root(home / "audit-roots", head_of(connection), store.ring, NOW)
    assert main(["audit", "verify"]) == 0
    assert "1 signed roots" in capsys.readouterr().out
    with store.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        connection.execute(text("UPDATE audit SET content = replace(content, 'read', 'deny') WHERE seq = 7"))
    assert main(["audit", "verify", "--json"]) == 5
    told = json.loads(capsys.readouterr().out)
    assert [(one["what"], one["first"]) for one in told["findings"]] == [("edited", 7)]


@pytest.mark.parametrize("statement", ["UPDATE audit SET hash = 'x'", "DELETE FROM audit"])
def test_the_database_itself_guards_the_chain(any_store: Store, statement: str) -> None:
    """Not even somebody at the database changes or deletes a record by accident."""
    from sqlalchemy.exc import DBAPIError

    any_store.note(Entry("read", LOCAL_ACTOR, NOW))
    with pytest.raises(DBAPIError, match="never changed"), any_store.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.slow
@pytest.mark.parametrize("attack", ["edit", "delete", "swap", "cut"])
def test_one_of_a_hundred_thousand(any_store: Store, attack: str) -> None:
    """In 100,000 records one that was edited, deleted, moved or cut off is found at its place."""
    links = chain_of(100_000)
    rows = [{"seq": link.seq, "content": link.content, "hash": link.hash} for link in links]
    with any_store.engine.begin() as connection:
        for start in range(0, len(rows), 10_000):
            connection.execute(insert(AUDIT), rows[start : start + 10_000])
    at = 54_321
    guards = {
        "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
        "postgresql": ["SET session_replication_role = replica"],
    }
    attacks = {
        "edit": [f"UPDATE audit SET content = replace(content, 'local', 'other') WHERE seq = {at}"],  # noqa: S608
        "delete": [f"DELETE FROM audit WHERE seq = {at}"],  # noqa: S608
        "swap": [f"UPDATE audit SET seq = {f} WHERE seq = {t}" for f, t in ((-1, at), (at, 77), (77, -1))],  # noqa: S608
        "cut": ["DELETE FROM audit WHERE seq = 100000"],
    }
    roots = [Root(100_000, links[-1].hash, NOW.isoformat())]
    with any_store.reading() as connection, any_store.reading() as beside:
        assert verify(connection, beside, roots).findings == ()
    with any_store.engine.begin() as connection:
        for statement in (*guards[any_store.engine.dialect.name], *attacks[attack]):
            connection.execute(text(statement))
    with any_store.reading() as connection, any_store.reading() as beside:
        found = verify(connection, beside, roots).findings
    wanted = {
        "edit": [("edited", at, at)],
        "delete": [("missing", at, at)],
        "swap": [("out_of_order", 77, 77), ("out_of_order", at, at)],
        "cut": [("cut", 100_000, 100_000)],
    }
    assert [(one.what, one.first, one.last) for one in found] == wanted[attack]
