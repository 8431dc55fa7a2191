"""Pages of auditors and administrators: who saw what, broken glass, consents, the memory, the kill switch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from data_contracts.errors import NotAuthenticated
from service.access.authentication import Callers
from service.access.principal import Principal
from service.access.rights import RIGHTS
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR, Actor
from service.audit.entry import Entry
from service.audit.looking_back import Search, look_back
from service.audit.root_keeper import RootKeeper
from service.collaborators import Collaborators
from service.pages.forgery import COOKIE, FIELD
from service.settings import default_roots
from service.storage.store import Store
from service.utc import utc_now

TOKEN = "t" * 43
HERE = "St Example"
WHO = {"by": "K. Adler", "role": "safety officer"}
SAID = {**WHO, "patient_id": "P-1", "purpose": "research"}


def somebody(name: str, *roles: str, organisation: str = HERE) -> Principal:
    who: dict[str, Any] = {"subject": name, "issuer": "https://a.example", "name": name, "method": "oidc"}
    return Principal(**who, organisation=organisation, roles=frozenset(roles), licence="GMC 1")


PEOPLE = {
    "C": somebody("dr-c", "clinician"),
    "A": somebody("auditor-a", "auditor"),
    "B": somebody("auditor-b", "auditor", organisation="Other Trust"),
    "D": somebody("dr-d", "clinician", "administrator"),
    "E": somebody("dr-e", "clinician", organisation="Other Trust"),
    "I": somebody("record-system", "integrator"),
    "F": somebody("dr-f", "administrator", organisation="Other Trust"),
}


@pytest.fixture
def hospital(served: Any, store: Store) -> Callable[..., Any]:
    """Calls the service as somebody: by letter, method and address."""
    from fastapi.testclient import TestClient

    def known(headers: Sequence[str]) -> Principal:
        letter = headers[0].removeprefix("Bearer ") if headers else "-"
        if letter not in PEOPLE:
            raise NotAuthenticated("Send a token.")
        return PEOPLE[letter]

    callers = Callers(known, lambda headers, _: known(headers))
    client = TestClient(create_app(Collaborators(lambda: served, store, (), callers=callers)))

    def call(letter: str, method: str, address: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {letter}", "Cookie": f"{COOKIE}={TOKEN}"}
        if "data" in body:
            body["data"] = {**body["data"], FIELD: TOKEN}
        return client.request(method, address, headers=headers, follow_redirects=False, **body)

    return call


def test_the_state_at_a_glance(client: Any, profile: dict[str, Any]) -> None:
    """One page tells each part of the service, the contacts, and how much broken glass waits."""
    client.post("/v1/recommendations", json=profile)
    client.post("/v1/break-glass", json={"patient_id": profile["patient_id"], "reason": "found unconscious"})
    page = client.get("/oversight").text
    for told in ("Crisis line", "+00 000 000", "Waiting for review: 1", "Reachable, of this version"):
        assert told in page


def test_the_memory_is_checked_and_what_was_changed_is_named(
    client: Any, send: Callable[..., Any], store: Store, profile: dict[str, Any]
) -> None:
    """An untouched chain is whole; a record that was edited past the service is found, and its place told."""
    client.post("/v1/recommendations", json=profile)
    assert "there is no signed root" in send("/oversight/verification").text
    RootKeeper(store, default_roots(), 3600, utc_now).write()
    assert "All is as it was written." in send("/oversight/verification").text
    with store.engine.begin() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit'"
        )
        for (name,) in triggers.all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit SET content = replace(content, 'success', 'refused') WHERE seq = 2")
    page = send("/oversight/verification").text
    assert "record 2 is not what its hash says" in page
    assert "All is as it was written." not in page


def test_a_model_is_taken_out_and_put_back(client: Any, send: Callable[..., Any], profile: dict[str, Any]) -> None:
    """From the page: nothing is ranked while it is out, each turn is listed with its reason, and lifting ends it."""
    assert client.post("/v1/recommendations", json=profile).status_code == 201
    turn = {"model": "tiny", **WHO, "why": "Reports are looked into."}
    assert send("/oversight/switch", turn="stop", **turn).status_code == 303
    assert client.post("/v1/recommendations", json=profile).status_code == 503
    page = client.get("/oversight").text
    assert "out of service" in page
    assert "Reports are looked into." in page
    assert send("/oversight/switch", turn="lift", **turn).status_code == 303
    assert client.post("/v1/recommendations", json=profile).status_code == 201
    assert send("/oversight/switch", turn="lift", **turn).status_code in (303, 409)
    assert send("/oversight/switch", turn="burn", **turn).status_code == 400
    assert send("/oversight/switch", turn="stop", model="tiny", **WHO).status_code == 422


def test_the_switch_says_whom_it_concerns(hospital: Any) -> None:
    """Each organisation's page tells who stopped the model and offers what is theirs: to stop, or to take back."""
    turn = {"model": "tiny", "why": "Reports are looked into."}
    take_back, stop_too = "Take your stop back", "Stop the model for your organisation"
    assert "concerns every organisation" in hospital("F", "GET", "/oversight").text
    assert hospital("D", "POST", "/oversight/switch", data=turn | {"turn": "stop"}).status_code == 303
    own, other, auditor = (hospital(letter, "GET", "/oversight").text for letter in "DFA")
    assert all("Stopped by:" in page and HERE in page for page in (own, other, auditor))
    assert [(take_back in page, stop_too in page) for page in (own, other, auditor)] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    refused = hospital("F", "POST", "/oversight/switch", data=turn | {"turn": "lift"})
    assert (refused.status_code, HERE in refused.text) == (403, True)
    assert hospital("F", "POST", "/oversight/switch", data=turn | {"turn": "stop"}).status_code == 303
    assert hospital("D", "POST", "/oversight/switch", data=turn | {"turn": "lift"}).status_code == 303
    page = hospital("D", "GET", "/oversight").text
    assert "Stop taken back, another stands" in page
    assert (take_back in page, stop_too in page) == (False, True)


def test_who_saw_what_of_one_s_own_organisation_alone(hospital: Any, profile: dict[str, Any]) -> None:
    """An auditor sees who did what and why; not what another organisation did; and is remembered for looking."""
    assert hospital("C", "POST", "/v1/recommendations", json=profile).status_code == 403  # treats nobody yet
    ours, theirs = hospital("A", "GET", "/oversight/audit").text, hospital("B", "GET", "/oversight/audit").text
    assert "dr-c" in ours
    assert "Access denied" in ours
    assert "dr-c" not in theirs
    assert "auditor-a" in hospital("A", "GET", "/oversight/audit?kind=read").text
    assert "dr-c" not in hospital("A", "GET", "/oversight/audit?kind=read").text
    assert "dr-c" in hospital("A", "GET", "/oversight/audit?about=dr-c").text
    assert "No such record." in hospital("A", "GET", "/oversight/audit?about=dr-").text
    strange = hospital("A", "GET", "/oversight/audit?kind=nonsense")
    assert (strange.status_code, "Choose one of the list" in strange.text) == (422, True)


def note(store: Store, **changes: Any) -> None:
    store.note(replace(Entry("read", LOCAL_ACTOR, utc_now()), **changes))


@pytest.mark.parametrize("name", ['B","organisation":"A', "100%", "a_b", 'Ö\\"', "organisation"])
def test_no_name_reads_as_another_organisation(store: Store, name: str) -> None:
    """Names that look like parts of a record or like patterns of a search find their own records and no other's."""
    for organisation in (name, "A", "100x", "aXb"):
        who = LOCAL_ACTOR.principal.model_copy(update={"organisation": organisation, "subject": f"of {organisation}"})
        note(store, actor=Actor(who, "::1"))
    with store.reading() as connection:
        found = look_back(connection, Search(name), 50)
        of_a = look_back(connection, Search("A", about="of A"), 50)
    assert [one.who for one in found if one.kind == "read"] == [f"of {name}"]
    assert [one.who for one in of_a] == ["of A"]


def test_a_long_memory_comes_in_pages(client: Any, store: Store) -> None:
    """Fifty a page from the newest on; the link at its foot goes on below the last, and none is shown twice."""
    for number in range(60):
        note(store, detail={"what": f"n{number}"})
    first = client.get("/oversight/audit?kind=read").text
    assert ("what n59" in first, "what n9<" in first) == (True, False)
    before = first.split("before=")[1].split('"')[0]
    second = client.get(f"/oversight/audit?kind=read&before={before}").text
    shown = [number for number in range(60) for page in (first, second) if f"what n{number}<" in page]
    assert sorted(shown) == list(range(60))


def test_a_place_that_no_chain_has(client: Any) -> None:
    """A number that no database holds is refused, and no fault of the service."""
    assert client.get(f"/oversight/audit?before={10**30}").status_code == 422


def test_glass_is_reviewed_by_somebody_else(hospital: Any) -> None:
    """An auditor reads who broke it and why, and says whether it was right; who broke it cannot, nor another place."""
    hospital("I", "POST", "/v1/consents", json={**SAID, "answer": "given"})
    broken = hospital("D", "POST", "/v1/break-glass", json={"patient_id": "P-1", "reason": "<b>unconscious</b>"})
    where = f"/oversight/glass/{broken.json()['id']}"
    assert "&lt;b&gt;unconscious" in hospital("A", "GET", "/oversight/glass").text
    assert "unconscious" not in hospital("B", "GET", "/oversight/glass").text
    said = {"verdict": "justified", "words": "Spoke to the ward."}
    assert hospital("D", "POST", where, data=said).status_code == 403
    assert hospital("B", "POST", where, data=said).status_code == 404
    assert hospital("A", "POST", where, data={"verdict": "justified"}).status_code == 422
    assert hospital("A", "POST", where, data=said).status_code == 303
    assert hospital("A", "POST", where, data=said).status_code == 409
    assert "Nothing waits for review." in hospital("A", "GET", "/oversight/glass").text


def test_in_an_emergency_the_form_leads_to_the_patient(hospital: Any, profile: dict[str, Any]) -> None:
    """A reason breaks the glass and opens the newest answer; without one, or for a stranger, nothing does."""
    wish = {"patient_id": profile["patient_id"], "reason": "found unconscious"}
    assert hospital("C", "POST", "/emergency", data=wish).status_code == 404
    made = hospital("I", "POST", "/v1/recommendations", json=profile).json()["id"]
    assert hospital("C", "GET", f"/recommendations/{made}").status_code == 403
    assert hospital("C", "POST", "/emergency", data={"patient_id": "P-1"}).status_code == 422
    led = hospital("C", "POST", "/emergency", data=wish)
    assert (led.status_code, led.headers["location"]) == (303, f"/recommendations/{made}")
    assert hospital("C", "GET", f"/recommendations/{made}").status_code == 200
    assert "found unconscious" in hospital("A", "GET", "/oversight/glass").text


def test_every_page_of_a_patient_is_shut_to_who_may_not_see_it(hospital: Any, profile: dict[str, Any]) -> None:
    """Each page and form of an answer refuses a clinician who does not treat them, one of elsewhere, a stranger."""
    made = hospital("I", "POST", "/v1/recommendations", json={**profile, "patient_id": "CANARY-7"}).json()["id"]
    addresses = [one for one in RIGHTS if " /recommendations/{recommendation_id}" in one]
    assert len(addresses) >= 9
    for letter, refused in (("C", {403}), ("E", {403, 404}), ("A", {403}), ("-", {401})):
        for method, address in map(str.split, addresses):
            answer = hospital(letter, method, address.replace("{recommendation_id}", made), data={})
            assert answer.status_code in refused, (letter, method, address)
            assert "CANARY-7" not in answer.text
    assert "CANARY-7" not in hospital("C", "GET", "/").text


def test_consents_are_counted_and_one_patient_s_told(client: Any, send: Callable[..., Any], store: Store) -> None:
    """The newest statement of each purpose counts; a patient's page tells all with who wrote them down."""
    for patient, answer in (("P-1", "given"), ("P-1", "withdrawn"), ("P-2", "given")):
        client.post("/v1/consents", json={**SAID, "patient_id": patient, "answer": answer, "note": f"said {answer}"})
    counted = client.get("/oversight/consents").text
    assert '<th scope="row">Research</th><td>1</td><td>1</td>' in counted
    told = send("/oversight/consents", patient_id="P-1").text
    assert told.index("said withdrawn") < told.index("said given")
    assert "K. Adler, safety officer" in told
    assert send("/oversight/consents", patient_id="P-9").status_code == 404
    with store.reading() as connection:
        kept = connection.exec_driver_sql("SELECT content FROM audit").scalars().all()
    assert [json.loads(one)["detail"]["rows"] for one in kept if '"what":"consents"' in one] == [2, 0]
    assert not any("P-1" in one or "P-9" in one for one in kept)
