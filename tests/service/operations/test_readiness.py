"""/readyz: each part by name, what fails and what the service goes on without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.operations.operations import Operations
from service.operations.registry_note import RegistryNote, read_note, write_note
from service.served_policy import ServedPolicy
from service.storage.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARTS = ["running", "policy", "promotion", "rules", "model", "database", "contacts", "champion"]


@pytest.fixture
def sound(served: ServedPolicy, store: Store) -> Collaborators:
    """Collaborators to which nothing is lacking."""
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    return Collaborators(lambda: served, store, contacts, clock=lambda: NOW)


@pytest.fixture
def ready() -> Callable[[Collaborators], Any]:
    """Asks /readyz of a service of these collaborators."""
    from fastapi.testclient import TestClient

    return lambda given: TestClient(create_app(given)).get("/readyz")


def test_all_is_there(sound: Collaborators, ready: Callable[[Collaborators], Any]) -> None:
    """Every part is named and ok, and the policy's hash is told."""
    answer = ready(sound)
    assert answer.status_code == 200
    assert [(part["name"], part["state"]) for part in answer.json()["parts"]] == [(name, "ok") for name in PARTS]
    assert answer.json()["policy_manifest_sha256"] == sound.served().source.manifest_sha256


@pytest.mark.parametrize("part", ["running", "promotion", "rules", "database", "contacts"])
def test_each_part_alone(sound: Collaborators, ready: Callable[[Collaborators], Any], part: str) -> None:
    """A part that is missing is a 503 that names it and no other."""
    answer = ready(without(sound, part))
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["where"] for one in answer.json()["problems"]] == [part]
    assert part in answer.json()["detail"]


def test_all_at_once(sound: Collaborators, ready: Callable[[Collaborators], Any]) -> None:
    """Whatever is missing is told in one answer."""
    given = sound
    for part in ("running", "rules", "database", "contacts"):
        given = without(given, part)
    assert [one["where"] for one in ready(given).json()["problems"]] == ["running", "rules", "database", "contacts"]


def test_no_policy(sound: Collaborators, ready: Callable[[Collaborators], Any]) -> None:
    """Without a policy it is a 503 that says so."""
    from data_contracts.errors import NotReady

    def none() -> ServedPolicy:
        raise NotReady("There is no policy.")

    assert [one["where"] for one in ready(replace(sound, served=none)).json()["problems"]] == ["policy"]


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (RegistryNote(at=NOW, seconds=60, problem=""), None),
        (RegistryNote(at=NOW, seconds=60, problem="The registry does not answer."), "does not answer"),
        (RegistryNote(at=NOW - timedelta(minutes=5), seconds=60, problem=""), "Nobody has looked"),
    ],
)
def test_registry_gone(
    sound: Collaborators, ready: Callable[[Collaborators], Any], note: RegistryNote, told: str | None
) -> None:
    """A registry that is gone, or that nobody looks at any more, is a warning: the service is ready all the same."""
    answer = ready(replace(sound, operations=Operations(registry=lambda: note)))
    assert answer.status_code == 200
    part = answer.json()["parts"][-1]
    assert (part["name"], part["state"]) == ("registry", "warning" if told else "ok")
    assert (told or "Answered") in part["told"]


def test_a_refused_champion_is_told(sound: Collaborators, ready: Callable[[Collaborators], Any]) -> None:
    """That the newest champion is not served is a warning, with why."""
    answer = ready(replace(sound, operations=Operations(refused=lambda: "A byte was changed.")))
    assert answer.status_code == 200
    assert answer.json()["parts"][-1]["state"] == "warning"
    assert "A byte was changed." in answer.json()["parts"][-1]["told"]


def test_watching_a_registry_that_is_gone(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pull --watch` notes for the service that the registry does not answer."""
    from service import pull

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/gone.db")
    monkeypatch.setattr(pull.time, "sleep", interrupt)
    monkeypatch.setattr(pull.signal, "signal", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        pull.pull("tiny@champion", 30)
    note = read_note("tiny")
    assert note is not None
    assert "No registry" in note.told(note.at)


def test_a_broken_note_is_none(home: Any) -> None:
    """What cannot be read as a note says nothing; nor does a folder that is no registered name."""
    from service.operations.registry_note import NAME
    from service.policy_source import cache_folder

    write_note("tiny", RegistryNote(at=NOW, seconds=1, problem=""))
    assert read_note("tiny") is not None
    (cache_folder("tiny") / NAME).write_text("{")
    assert read_note("tiny") is None
    assert read_note(None) is None


def interrupt(_: float) -> None:
    raise KeyboardInterrupt


def without(given: Collaborators, part: str) -> Collaborators:
    """The same without one part."""
    if part == "running":
        given.operations.draining.set()
    if part == "contacts":
        return replace(given, contacts=())
    if part == "rules":
        return replace(given, clock=lambda: NOW.replace(year=2099))
    if part == "promotion":
        served = given.served()
        bare = replace(served, source=replace(served.source, promotion=None, promotion_content=None))
        return replace(given, served=lambda: bare)
    if part == "database":
        given.store.problem = lambda: "The database cannot be read."  # type: ignore[method-assign]
    return given
