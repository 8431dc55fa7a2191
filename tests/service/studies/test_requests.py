"""A study that is asked for: one state at a time, its files sealed, every change in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from data_contracts.errors import NotFound
from service.audit.actor import LOCAL_ACTOR
from service.storage.retention import apply_retention
from service.storage.store import Store
from service.storage.study_requests import request_of

URL = "/v1/studies"
BYTES = {"Content-Type": "application/octet-stream"}
PROTOCOL = """\
name: asked-for
records: {patient_id: pid, arm: therapy}
arms: {reference: usual, offered: [cbt]}
outcome: {column: change, direction: higher_is_better, unit: points}
effect_modifiers: [age]
"""
ROWS = b"pid,therapy,change,age\nCANARY-77,cbt,3,44\n"
PAGE = b"<!doctype html><title>Report</title><script>alert(1)</script>"


def asked(client: Any) -> str:
    answer = client.post(URL, json={"protocol": PROTOCOL})
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "draft"
    return str(answer.json()["id"])


def sent(client: Any) -> str:
    study = asked(client)
    answer = client.put(f"{URL}/{study}/table", params={"name": "my.csv"}, content=ROWS, headers=BYTES)
    assert (answer.status_code, answer.json()["state"], answer.json()["table"]) == (200, "waiting", "records.csv")
    return study


def running(client: Any, worker: str = "w1") -> str:
    study = sent(client)
    while client.post(f"{URL}/claim", json={"worker": worker}).json()["id"] != study:
        pass  # what waited before goes first
    return study


def failed(client: Any) -> str:
    study = running(client)
    assert end(client, study, 3).json()["state"] == "failed"
    return study


def done(client: Any) -> str:
    study = running(client)
    put = client.put(f"{URL}/{study}/report", params={"worker": "w1"}, content=PAGE, headers=BYTES)
    assert put.status_code == 204
    assert end(client, study, 4).json()["state"] == "done"
    return study


def cancelled(client: Any) -> str:
    study = sent(client)
    assert client.post(f"{URL}/{study}/stop").json()["state"] == "cancelled"
    return study


def end(client: Any, study: str, code: int, worker: str = "w1") -> Any:
    return client.post(f"{URL}/{study}/end", json={"worker": worker, "exit_code": code, "message": "told"})


CALLS: dict[str, Callable[[Any, str], Any]] = {
    "table": lambda c, s: c.put(f"{URL}/{s}/table", params={"name": "a.csv"}, content=ROWS, headers=BYTES),
    "stop": lambda c, s: c.post(f"{URL}/{s}/stop"),
    "resume": lambda c, s: c.post(f"{URL}/{s}/resume"),
    "progress": lambda c, s: c.post(f"{URL}/{s}/progress", json={"worker": "w1", "step": "folds", "share": 0.5}),
    "report": lambda c, s: c.put(f"{URL}/{s}/report", params={"worker": "w1"}, content=PAGE, headers=BYTES),
    "end": lambda c, s: end(c, s, 0),
    "delete": lambda c, s: c.delete(f"{URL}/{s}"),
}
MADE: dict[str, Callable[[Any], str]] = {
    "draft": asked, "waiting": sent, "running": running, "done": done, "failed": failed, "cancelled": cancelled,
}  # fmt: skip
MAY: dict[str, set[str]] = {
    "draft": {"table", "stop", "delete"},
    "waiting": {"stop"},
    "running": {"stop", "progress", "report", "end"},
    "done": {"delete"},
    "failed": {"resume", "delete"},
    "cancelled": {"resume", "delete"},
}


@pytest.mark.parametrize("state", MADE)
def test_each_state_allows_what_it_allows(client: Any, state: str) -> None:
    """Every call in every state: done, or refused with 409 and the state untouched."""
    for name, call in CALLS.items():
        study = MADE[state](client)
        before = client.get(f"{URL}/{study}").json()
        answer = call(client, study)
        if name in MAY[state]:
            assert answer.is_success, (name, answer.text)
        else:
            assert answer.status_code == 409, (name, answer.text)
            assert client.get(f"{URL}/{study}").json() == before


def test_the_oldest_goes_first_and_nothing_goes_twice(client: Any, clock: Any) -> None:
    """Workers get requests in the order in which they were asked for, each once; then there is nothing."""
    first, second = sent(client), None
    clock.turn(1)
    second = sent(client)
    got = [client.post(f"{URL}/claim", json={"worker": name}) for name in ("a", "b", "c")]
    assert [one.json()["id"] for one in got[:2]] == [first, second]
    assert got[2].status_code == 204
    assert got[2].content == b""


def test_times_are_told_in_utc(client: Any) -> None:
    """Whoever reads when a study was asked for and ended needs to know no zone but what stands there."""
    told = client.get(f"{URL}/{done(client)}").json()
    assert all(datetime.fromisoformat(told[name]).tzinfo for name in ("asked_at", "ended_at"))


def test_a_silent_worker_loses_its_study(client: Any, clock: Any) -> None:
    """After a minute without a word another takes it; the first hears that it is not its own any more."""
    study = running(client, "slow")
    clock.turn(50)
    told = {"worker": "slow", "step": "outcomes", "share": 0.25}
    assert client.post(f"{URL}/{study}/progress", json=told).json()["share"] == 0.25
    clock.turn(59)
    assert client.post(f"{URL}/claim", json={"worker": "quick"}).status_code == 204
    clock.turn(2)
    assert client.post(f"{URL}/claim", json={"worker": "quick"}).json()["id"] == study
    late = client.post(f"{URL}/{study}/progress", json=told)
    assert late.status_code == 409
    assert "Another worker" in late.json()["detail"]
    assert end(client, study, 0, "slow").status_code == 409


def test_a_running_study_is_asked_to_stop_and_can_go_on(client: Any) -> None:
    """The worker hears of it with its next word; the stopped study waits again when it is taken up."""
    study = running(client)
    assert client.post(f"{URL}/{study}/stop").json()["state"] == "running"
    assert CALLS["progress"](client, study).json()["stopping"] is True
    assert end(client, study, 130).json()["state"] == "cancelled"
    again = client.post(f"{URL}/{study}/resume").json()
    assert (again["state"], again["stopping"], again["exit_code"], again["message"]) == ("waiting", False, None, "")
    assert client.get(f"{URL}/{study}/files/table").content == ROWS


def test_nothing_of_the_table_lies_open_or_stays(client: Any, store: Store) -> None:
    """No byte of a row is in the database; when the study is done the table is gone, the report is there."""
    study = running(client)
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT kind, content FROM study_files")).all()
        logged = connection.execute(text("SELECT content FROM audit")).scalars().all()
    assert {row.kind for row in kept} == {"protocol", "table"}
    assert not any(b"CANARY" in bytes(row.content) for row in kept)
    assert "CANARY" not in json.dumps(logged)
    with store.engine.begin() as connection:  # another place's bytes do not open here
        connection.execute(text("UPDATE study_files SET content = :other WHERE kind = 'table'"), {
            "other": next(bytes(row.content) for row in kept if row.kind == "protocol")
        })  # fmt: skip
    assert client.get(f"{URL}/{study}/files/table").status_code == 500
    over = done(client)
    assert client.get(f"{URL}/{over}/files/table").status_code == 404
    page = client.get(f"{URL}/{over}/report")
    assert page.content == PAGE
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_table_is_not_kept_for_ever(client: Any, store: Store, clock: Any) -> None:
    """That of a study which failed can be taken up again for as long as answers are kept, and then it goes."""
    study = sent(client)
    assert client.post(f"{URL}/{study}/stop").status_code == 200
    assert apply_retention(store, 30, LOCAL_ACTOR, clock.now + timedelta(days=29)) == 0
    assert client.get(f"{URL}/{study}").json()["table"] == "records.csv"
    assert apply_retention(store, 30, LOCAL_ACTOR, clock.now + timedelta(days=31)) == 0
    assert client.get(f"{URL}/{study}").json()["table"] is None
    assert client.post(f"{URL}/{study}/resume").status_code == 409
    with store.reading() as connection:
        (last,) = connection.execute(text("SELECT content FROM audit ORDER BY seq DESC LIMIT 1 OFFSET 0")).scalars()
    assert (json.loads(last)["kind"], json.loads(last)["detail"]["study_tables"]) == ("retention", 1)


def test_everything_that_is_done_stands_in_the_audit(client: Any, store: Store) -> None:
    """Asked, table, begun, end, removed: each once, with the request's id and the table's hash."""
    study = done(client)
    assert client.delete(f"{URL}/{study}").status_code == 204
    assert client.get(f"{URL}/{study}").status_code == 404
    with store.engine.connect() as connection:
        records = [
            json.loads(one) for one in connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars()
        ]
    told = [one["detail"] for one in records if one["kind"] == "study"]
    assert [one["what"] for one in told] == ["asked", "table", "begun", "done", "removed"]
    assert {one["request"] for one in told} == {study}
    assert told[1]["bytes"] == len(ROWS)


def test_who_reads_its_files_is_remembered(client: Any, store: Store) -> None:
    """A table is many patients' records: who got it, or the protocol, leaves a record before it is given."""
    study = sent(client)
    for kind in ("protocol", "table"):
        assert client.get(f"{URL}/{study}/files/{kind}").status_code == 200
    assert client.get(f"{URL}/{study}/report").status_code == 404
    with store.engine.connect() as connection:
        rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars()
        read = [told["detail"] for told in map(json.loads, rows) if told["kind"] == "read"]
    assert read == [{"what": f"study_{kind}", "request": study} for kind in ("protocol", "table")]


def test_other_organisations_have_none_of_it(client: Any, store: Store) -> None:
    """A request is found by its own organisation alone."""
    study = sent(client)
    with store.looking() as connection, pytest.raises(NotFound):
        request_of(connection, "elsewhere", study)


def table(client: Any, name: str, content: bytes) -> Any:
    return client.put(f"{URL}/{asked(client)}/table", params={"name": name}, content=content, headers=BYTES)


BAD: dict[str, tuple[Callable[[Any], Any], int, str]] = {
    "no protocol": (lambda c: c.post(URL, json={"protocol": "name: [unclosed"}), 422, "YAML"),
    "two wrong keys": (lambda c: c.post(URL, json={"protocol": PROTOCOL + "typo: 1\nother: 2\n"}), 422, "other"),
    "no csv": (lambda c: table(c, "a.xlsx", ROWS), 422, ".csv"),
    "empty": (lambda c: table(c, "a.csv", b""), 422, "empty"),
    "json for a table": (
        lambda c: c.put(f"{URL}/{asked(c)}/table", params={"name": "a.csv"}, json={}), 415, "octet-stream",
    ),
    "no such study": (lambda c: c.get(f"{URL}/nothing"), 404, "No study request"),
    "progress above one": (
        lambda c: c.post(f"{URL}/{running(c)}/progress", json={"worker": "w1", "step": "x", "share": 1.5}), 422, "1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told(client: Any, case: str) -> None:
    """What cannot be a study is a clear problem document, all problems at once, and no row of a table in it."""
    call, status, told = BAD[case]
    answer = call(client)
    assert answer.status_code == status
    assert told in answer.text
    assert "CANARY" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_its_states_come_as_events(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream begins with the state now, tells each change, and ends with the study."""
    monkeypatch.setattr("service.studies.following.LOOK_SECONDS", 0.01)
    study = running(client)
    looks = iter(range(3))
    real = request_of

    def moving(connection: Any, organisation: str, name: str) -> Any:
        if next(looks, None) == 2:
            end(client, study, 0)
        return real(connection, organisation, name)

    monkeypatch.setattr("service.studies.routes.study_requests.request_of", moving)
    lines = client.get(f"{URL}/{study}/events").text.split("\n\n")
    states = [json.loads(one.split("data: ")[1])["state"] for one in lines if one]
    assert states == ["running", "done"]
