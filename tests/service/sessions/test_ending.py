"""Somebody's sessions are ended by others: by an administrator, or at the service's machine."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from data_contracts.errors import NotAuthenticated
from data_contracts.study_request import StudyRequest
from service.__main__ import main
from service.access.principal import LOCAL
from service.admission import check_still_signed_in
from service.audit.actor import OPERATOR
from service.audit.verify import verify
from service.sessions.account import sealed_account
from service.sessions.cookie import SESSION
from service.storage.store import Store
from service.studies.following import following

BOSS = {"sub": "boss", "name": "K. Adler", "roles": ["administrator"]}
LIST = "/oversight/sessions"


def records(store: Store, kind: str) -> list[dict[str, Any]]:
    with store.reading() as connection:
        rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    return [told for told in map(json.loads, rows) if told["kind"] == kind]


@pytest.fixture
def people(replica: Callable[[], Any], log_in: Any, provider: Any) -> Callable[..., Any]:
    """Signs somebody in, at a process of their own."""

    def sign_in(**claims: Any) -> Any:
        browser = replica()
        provider.changes = claims
        assert log_in(browser).status_code == 303
        return browser

    return sign_in


def form_of(page: str, name: str) -> dict[str, str]:
    """The form that ends a person's sessions, by the person's name."""
    card = next(one for one in page.split("<section")[1:] if f"<bdi>{name}</bdi>" in one)
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', card))


def lasting(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(text("SELECT idle_until FROM sessions")).scalars())


def signed_in(browser: Any) -> bool:
    return bool(browser.get("/studies").status_code == 200)


def test_an_administrator_ends_them_everywhere(people: Any, store: Store) -> None:
    """All sessions of the person end on every replica with the next call, nobody else's; who did it is on record."""
    clinician = {"sub": "u-1", "roles": ["clinician", "analyst"]}
    first, second = people(**clinician), people(**clinician)
    other, boss = people(sub="u-2", name="A. Nalyst", roles=["analyst"]), people(**BOSS)
    page = boss.get(LIST).text
    assert all(name in page for name in ("Dr A. Mbeki", "A. Nalyst", "K. Adler", "sessions: 2"))
    assert records(store, "read")[-1]["detail"] == {"what": "sessions", "rows": 3}
    assert [signed_in(one) for one in (first, second, other)] == [True] * 3
    sent = form_of(page, "Dr A. Mbeki") | {"why": "device_lost"}
    assert boss.post(LIST, data=sent).headers["location"] == LIST
    assert [signed_in(one) for one in (first, second, other)] == [False, False, True]
    assert "Dr A. Mbeki" not in boss.get(LIST).text
    told = records(store, "session_end")
    assert {(one["who"], one["organisation"], one["detail"]["account"]) for one in told} == {
        ("boss", "St Example", "u-1")
    }
    assert {one["detail"]["why"] for one in told} == {"device_lost"}
    began = {one["detail"]["session"] for one in records(store, "login") if one["who"] == "u-1"}
    assert {one["detail"]["session"] for one in told} == began
    assert len(told) == len(began) == 2
    assert boss.post(LIST, data=sent).status_code == 404  # there is none any more
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()


def test_only_in_the_own_organisation(people: Any, sessions: Any, store: Store, clock: Any) -> None:
    """Another organisation's people are not listed, and their sessions do not end by a form that names them."""
    people(sub="u-1", roles=["analyst"])
    boss = people(**BOSS)
    (theirs,) = [one for one in sessions.people("St Example", clock()) if one.account.subject == "u-1"]
    elsewhere = LOCAL.model_copy(update={"subject": "u-1", "organisation": "Other Trust"})
    with store.engine.begin() as connection:  # as if they had logged in there
        row = connection.execute(text("SELECT id FROM sessions WHERE who = :who"), {"who": theirs.who}).scalar_one()
        account = {"account": sealed_account(elsewhere, clock(), row, store.ring), "id": row}
        connection.execute(text("UPDATE sessions SET account = :account WHERE id = :id"), account)
    page = boss.get(LIST).text
    assert "u-1" not in page
    sent = form_of(page, "K. Adler") | {"who": theirs.who, "why": "left"}
    assert boss.post(LIST, data=sent).status_code == 404
    assert records(store, "session_end") == []
    assert len(sessions.people("Other Trust", clock())) == 1


def test_the_form_takes_a_reason_and_an_administrator(people: Any) -> None:
    """Without one of the reasons nothing ends, and nobody but an administrator sees or ends sessions."""
    analyst, boss = people(sub="u-2", name="A. Nalyst", roles=["analyst"]), people(**BOSS)
    sent = form_of(boss.get(LIST).text, "A. Nalyst")
    assert boss.post(LIST, data=sent | {"why": "as I like"}).status_code == 422
    assert "A. Nalyst" in (refused := analyst.get(LIST)).text  # by name, with the pages that are theirs
    assert refused.status_code == analyst.post(LIST, data=sent | {"why": "left"}).status_code == 403
    assert signed_in(analyst)
    assert LIST in boss.get("/oversight").text


def test_at_the_service_s_machine(people: Any, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The command lists who is signed in and ends one person's sessions; what it is told wrongly ends nothing."""
    browser = people(sub="u-1", roles=["analyst"])
    assert main(["sessions", "list", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    wanted = {"name": "Dr A. Mbeki", "subject": "u-1", "organisation": "St Example", "sessions": 1}
    assert wanted.items() <= one.items()
    end = ["sessions", "end", "u-1", "--why", "left", "--by"]
    assert main([*end, " "]) == 3
    assert main(["sessions", "end", "u-9", "--why", "left", "--by", "K. Adler"]) == 3
    assert main([*end, "K. Adler", "--issuer", "https://other.example"]) == 3
    with pytest.raises(SystemExit, match="2"):
        main(["sessions", "end", "u-1", "--why", "for fun", "--by", "K. Adler"])
    assert signed_in(browser)
    capsys.readouterr()
    assert main([*end, "K. Adler", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"account": "u-1", "ended": 1}
    assert not signed_in(browser)
    (told,) = records(store, "session_end")
    assert (told["who"], told["organisation"], told["detail"]["by"]) == ("operator", "St Example", "K. Adler")
    assert main(["sessions", "list"]) == 0
    assert "Nobody is signed in." in capsys.readouterr().out


def test_whose_they_are_is_sealed(people: Any, store: Store) -> None:
    """The database alone does not tell who is signed in, and one row's account opens in no other."""
    people(sub="u-1", roles=["analyst"])
    people(sub="u-2", name="A. Nalyst", roles=["analyst"])
    with store.engine.begin() as connection:
        rows = connection.execute(text("SELECT id, account FROM sessions")).all()
        assert not any(part in bytes(row.account) for row in rows for part in (b"Mbeki", b"Nalyst", b"u-1", b"u-2"))
        swapped = {"account": rows[1].account, "id": rows[0].id}
        connection.execute(text("UPDATE sessions SET account = :account WHERE id = :id"), swapped)
    assert main(["sessions", "list"]) == 5


def test_a_stream_ends_with_its_session(people: Any, sessions: Any, store: Store, clock: Any) -> None:
    """What is told of a study as it goes on ends with the session that asked, which it does not make last."""
    browser = people(sub="u-1", roles=["analyst"])
    state = type("State", (), {"signed_in": True})()
    request: Any = type("Request", (), {"state": state, "cookies": {SESSION: browser.cookies[SESSION]}})()
    given: Any = type("Given", (), {"sessions": sessions, "clock": staticmethod(clock)})()
    told: Any = {"state": "running", "asked_by": "a", "asked_at": clock(), "name": "n", "study_id": "0" * 64}
    study = StudyRequest(id=str(uuid4()), **told)
    before = lasting(store)
    clock.on(minutes=14)
    check_still_signed_in(request, given)
    assert lasting(store) == before
    (who,) = sessions.people("St Example", clock())

    def look() -> StudyRequest:
        check_still_signed_in(request, given)
        return study.model_copy(update={"share": study.share + 0.5})

    async def heard() -> list[str]:
        events = following(study, look)
        told = [await anext(events), await anext(events)]
        sessions.end_of(who.who, "St Example", OPERATOR, "left", clock())
        return [*told, *[event async for event in events]]

    with ThreadPoolExecutor(1) as thread:  # another test's browser may keep a loop in this one
        assert len(thread.submit(asyncio.run, heard()).result()) == 2
    with pytest.raises(NotAuthenticated):
        check_still_signed_in(request, given)
    assert not signed_in(browser)
