"""`audit verify`: whatever is done to the chain or to what it vouches for is found, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from service.__main__ import main
from service.audit.actor import LOCAL_ACTOR
from service.audit.chain import NOTHING, Link, canonical, hash_of, head_of, linked
from service.audit.check_chain import ChainCheck
from service.audit.entry import Entry
from service.audit.finding import Finding
from service.audit.root import FILE, Root, Roots, read_roots, write_root
from service.audit.root_keeper import RootKeeper
from service.audit.verify import verify
from service.storage.key_ring import new_ring
from service.storage.schema import AUDIT
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


def nonsense(content: Any) -> Link:
    """A record that says something else, under a hash that fits."""
    return Link(7, content, hash_of(content) if isinstance(content, str) else "0" * 64)


UNREADABLE = {
    "bytes": b"\x00\xff",
    "no JSON": "read",
    "a list": "[]",
    "nothing": "{}",
    "nested without end": "[" * 100_000,
    "no detail": canonical(CHAIN[6].told | {"kind": "retention", "detail": None}),
    "a row that is none": canonical(CHAIN[6].told | {"row": ["events", "1", "x"]}),
    "a time that is none": canonical(CHAIN[6].told | {"at": "yesterday"}),
    "no text": canonical(CHAIN[6].told | {"person": 7}),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_record_is_located(case: str) -> None:
    """A record in whose place something else stands is found there, and stops nobody from looking on."""
    links = list(CHAIN)
    links[6] = nonsense(UNREADABLE[case])
    check = ChainCheck(ROOTS)
    assert [check.take(link) for link in links][6] is None
    assert [(one.what, one.first, one.last) for one in check.findings()] == [("edited", 7, 7)]


def test_a_place_that_is_none() -> None:
    """SQLite keeps a text where a number belongs; it is told as following on the last record."""
    links = [*CHAIN, Link("x", CHAIN[0].content, CHAIN[0].hash)]  # type: ignore[arg-type]
    assert [(one.what, one.first) for one in findings(links)] == [("out_of_order", N + 1)]


FORGERIES = {
    "none": lambda link: replace(link, seal=""),
    "another record's": lambda link: replace(link, seal=KEYS.record_seal(CHAIN[0].hash)),
    "another's keys": lambda link: replace(link, seal=new_ring(NOW).record_seal(link.hash)),
    "of a form of before": lambda link: Link(link.seq, old := changed(link, v=1), hash_of(old)),
}
KEYS = new_ring(NOW)


@pytest.mark.parametrize("how", FORGERIES)
def test_who_has_the_database_alone_adds_no_record(how: str) -> None:
    """What follows on the last record by the rule, but was not sealed by the service, is told."""
    links = [replace(link, seal=KEYS.record_seal(link.hash)) for link in CHAIN]
    forged = FORGERIES[how](chain_of(N + 1)[N])
    check = ChainCheck((), KEYS.record_seal)
    for link in (*links, forged):
        check.take(link)
    assert [(one.what, one.first, one.last) for one in check.findings()] == [("forged", N + 1, N + 1)]


def test_records_of_before_have_no_seal() -> None:
    """A chain that began before records were sealed is sound as it was."""
    links = [NOTHING]
    for number in range(4):
        told = linked(Entry("read", LOCAL_ACTOR, NOW), links[-1])
        content = changed(told, v=1) if number < 2 else told.content
        seal = KEYS.record_seal(hash_of(content)) if number >= 2 else ""
        links.append(Link(told.seq, content, hash_of(content), seal))
    check = ChainCheck((), KEYS.record_seal)
    for link in links[1:]:
        check.take(link)
    assert check.findings() == ()


def test_a_chain_that_was_cut_and_grew_again_to_the_same_place() -> None:
    """Two roots of one place cannot both be right, whichever was written last."""
    grown = [*CHAIN[:25], *chain_of(N, first=100)[25:30]]
    links = CHAIN[:25]
    for link in grown[25:]:
        links.append(linked(Entry("read", LOCAL_ACTOR, NOW, detail={"again": link.seq}), links[-1]))
    roots = (*ROOTS[:3], Root(30, links[29].hash, NOW.isoformat()))
    assert [(one.what, one.first, one.last) for one in findings(links, roots)] == [("rewritten", 21, 30)]


def test_all_roots_gone(store: Store, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records without any root are a finding: the service writes one as it starts, and a cut end would not show."""
    store.note(Entry("read", LOCAL_ACTOR, NOW))
    with RootKeeper(store, home / "audit-roots", 3600, lambda: NOW):
        assert main(["audit", "verify"]) == 0
    (home / "audit-roots" / FILE).unlink()
    assert main(["audit", "verify"]) == 5
    assert "no signed root" in capsys.readouterr().err


def test_what_no_root_vouches_for_is_said(any_store: Store) -> None:
    """Without a root a cut end cannot be seen; the result tells up to which record the chain is vouched for."""
    assert findings(CHAIN[:-5], ()) == ()
    for number in range(5):
        any_store.note(Entry("read", LOCAL_ACTOR, NOW, detail={"number": number}))
    with any_store.reading() as connection, any_store.reading() as beside:
        roots = [Root(3, connection.execute(text("SELECT hash FROM audit WHERE seq = 3")).scalar_one(), "")]
        result = verify(connection, beside, roots, any_store.ring)
    assert (result.records, result.vouched, result.findings) == (5, 3, ())


def test_roots_by_strangers_count_for_nothing(tmp_path: Path, store: Store) -> None:
    """A root is believed if a known service signed it; a line of another's, a changed or an unfinished one is told."""
    head = CHAIN[9]
    root = write_root(tmp_path, head, store.ring, NOW)
    keys = load_trusted_services()
    assert read_roots(tmp_path, keys) == Roots((root,))
    write_root(tmp_path, head, new_ring(NOW), NOW)
    line = (tmp_path / FILE).read_text().splitlines()[0]
    with (tmp_path / FILE).open("a") as file:
        file.write(line.replace('"seq": 10', '"seq": 11') + "\nnonsense\n" + line[:50])
    roots = read_roots(tmp_path, keys)
    assert roots.held == (root,)
    assert len(roots.problems) == 4


def test_what_a_restored_backup_did_not_have(tmp_path: Path, store: Store) -> None:
    """A signed root says that a backup was restored: roots of before count up to there, the rest is told as lost."""
    for seq in (10, 20, 30):
        write_root(tmp_path, CHAIN[seq - 1], store.ring, NOW)
    write_root(tmp_path, CHAIN[15], store.ring, NOW, kept=15)
    write_root(tmp_path, CHAIN[24], store.ring, NOW)
    roots = read_roots(tmp_path, load_trusted_services())
    assert [root.seq for root in roots.held] == [10, 16, 25]
    assert ["records 16 to 30 of before were lost" in one for one in roots.lost] == [True]
    assert roots.problems == ()
    text = (tmp_path / FILE).read_text()
    (tmp_path / FILE).write_text(text.replace('"kept": 15', '"kept": 9'))
    assert len(read_roots(tmp_path, load_trusted_services()).problems) == 1


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


PAST_ROWS = {"sqlite": "INSERT OR REPLACE INTO audit VALUES (1, 'x', 'x', 'x')", "postgresql": "TRUNCATE audit"}


@pytest.mark.parametrize("statement", ["UPDATE audit SET hash = 'x'", "DELETE FROM audit", None])
def test_the_database_itself_guards_the_chain(any_store: Store, statement: str | None) -> None:
    """Not even somebody at the database changes or deletes a record by accident, nor past the triggers of rows."""
    from sqlalchemy.exc import DBAPIError

    any_store.note(Entry("read", LOCAL_ACTOR, NOW))
    statement = statement or PAST_ROWS[any_store.engine.dialect.name]
    with pytest.raises(DBAPIError, match="never changed"), any_store.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.slow
@pytest.mark.parametrize("attack", ["edit", "delete", "swap", "cut"])
def test_one_of_a_hundred_thousand(any_store: Store, attack: str) -> None:
    """In 100,000 records one that was edited, deleted, moved or cut off is found at its place."""
    links = chain_of(100_000)
    seal = any_store.ring.record_seal
    rows = [{"seq": link.seq, "content": link.content, "hash": link.hash, "seal": seal(link.hash)} for link in links]
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
        assert verify(connection, beside, roots, any_store.ring).findings == ()
    with any_store.engine.begin() as connection:
        for statement in (*guards[any_store.engine.dialect.name], *attacks[attack]):
            connection.execute(text(statement))
    with any_store.reading() as connection, any_store.reading() as beside:
        found = verify(connection, beside, roots, any_store.ring).findings
    wanted = {
        "edit": [("edited", at, at)],
        "delete": [("missing", at, at)],
        "swap": [("out_of_order", 77, 77), ("out_of_order", at, at)],
        "cut": [("cut", 100_000, 100_000)],
    }
    assert [(one.what, one.first, one.last) for one in found] == wanted[attack]
