"""A new champion is taken up while serving, and nobody notices but by what answers say of themselves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from service.operations.champion import Champion
from service.policy_source import cache_folder, name_champion
from service.served_policy import load_served
from service.storage.store import Store
from service.utc import utc_now

NEWER = [1.5, 0.0, 0.0, 0.0]


@pytest.fixture
def champion(champions: Any, store: Store) -> Champion:
    """The policy that is served, from the cache, without its thread."""
    champions.put()
    return Champion("tiny@champion", load_served("tiny@champion"), store, 60, utc_now)


def test_changes_under_load(champions: Any, start: Callable[..., Any], callers: Callable[..., Any]) -> None:
    """Four callers without pause see the old policy and from some moment on the new, and no failure at all."""
    old = champions.put()
    running = start()
    with callers(running) as calls:
        calls.seen_by_all()
        new = champions.put(outcome_spread=NEWER)
        calls.seen_by_all(new)
    assert calls.broken == []
    for seen in calls.seen:
        assert {status for status, _ in seen} == {201}
        policies = [policy for _, policy in seen]
        assert policies == sorted(policies, key=[old, new].index)
        assert set(policies) == {old, new}
    with running.client() as client:
        assert client.get("/readyz").json()["policy_manifest_sha256"] == new


def test_basis_of_both(champion: Champion, champions: Any, store: Store) -> None:
    """Before the first answer by a new policy its documents are kept, and those of the old one stay."""
    old = champion.served().source.manifest_sha256
    new = champions.put(outcome_spread=NEWER)
    assert champion.look()
    assert champion.served().source.manifest_sha256 == new
    assert "manifest.json" in store.policy(new)
    assert "manifest.json" in store.policy(old)
    assert not champion.look()


@pytest.mark.parametrize("fault", ["changed", "unsigned", "failed gate", "stranger", "gone"])
def test_a_bad_one_changes_nothing(
    champion: Champion, champions: Any, stranger: Any, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not verify or may not be served is refused and told once; a good one after it is taken."""
    old = champion.served()
    spoil(champions, stranger, fault)
    assert not champion.look()
    assert not champion.look()
    assert champion.served() is old
    assert champion.refused()
    assert capsys.readouterr().err.count("WARNING: a new policy was not taken into use") == 1
    champions.put(outcome_spread=[1.7, 0.0, 0.0, 0.0])
    assert champion.look()
    assert champion.refused() == ""


def test_a_pipe_in_its_place(policy_folder: Path, store: Store) -> None:
    """A served folder's manifest becomes a pipe, at whose other end is nobody: told, and not waited for."""
    served = load_served(str(policy_folder))
    champion = Champion(str(policy_folder), served, store, 60, utc_now)
    (policy_folder / "manifest.json").unlink()
    os.mkfifo(policy_folder / "manifest.json")
    looking = Thread(target=champion.look, daemon=True)
    looking.start()
    looking.join(60)
    assert not looking.is_alive()
    assert champion.refused()
    assert champion.served() is served


def test_the_database_first(champion: Champion, champions: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database cannot keep the new policy the old one answers."""
    from data_contracts.errors import NotReady

    champions.put(outcome_spread=NEWER)

    def gone(*_: object) -> None:
        raise NotReady("The database did not do its work.")

    with monkeypatch.context() as patch:
        patch.setattr(store, "keep_policy", gone)
        old = champion.served()
        assert not champion.look()
        assert champion.served() is old
    assert champion.look()


def spoil(champions: Any, stranger: Any, fault: str) -> None:
    """Make the cache's champion a bad one."""
    if fault == "gone":
        name_champion("tiny", "e" * 64)
        return
    maker = type(champions)(stranger) if fault == "stranger" else champions
    gate = "failed" if fault == "failed gate" else "passed"
    folder = cache_folder("tiny") / maker.put(gate, outcome_spread=NEWER)
    if fault == "changed":
        (folder / "arrays.npz").write_bytes(b"other")
    if fault == "unsigned":
        (folder / "signature").unlink()
