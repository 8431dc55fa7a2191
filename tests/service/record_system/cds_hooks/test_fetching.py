"""What was not prefetched is fetched by the leave of the call: from listed servers alone, and never at any price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.cds_hooks.setting import CardSetting, read_card_setting
from service.collaborators import Collaborators
from service.contact import Contact
from service.fhir import fetching
from service.fhir.fetching import FhirReads
from service.served_policy import ServedPolicy
from service.storage.store import Store

BASE, TOKEN = "https://fhir.example.org/r4", "canary-access-token-8d1f"
LEAVE = {
    "access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs",
    "subject": "equipoise", "patient": "P-1",
}  # fmt: skip
CALL = {"fhirServer": BASE, "fhirAuthorization": LEAVE}
CONTACTS = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
ASKED = ("Patient/P-1", "Observation", "QuestionnaireResponse")
Handler = Callable[[httpx.Request], httpx.Response]


class FhirServer:
    """A FHIR server that has one patient's record.

    Attributes:
        held: what it has, by type.
        calls: what it was asked.
        instead: what it answers in the place of its data, by type.
    """

    def __init__(self, record: Any, known: dict[str, Any]) -> None:
        self.record, self.calls, self.instead = record, list[httpx.Request](), dict[str, Handler]()
        self.held = {
            "Patient": known["patient"],
            "QuestionnaireResponse": known["questionnaires"],
            "Observation": known["observations"],
            "Consent": known["consents"],
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one read or search."""
        self.calls.append(request)
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        kind = request.url.path.removeprefix("/r4/").partition("/")[0]
        if kind in self.instead:
            return self.instead[kind](request)
        return httpx.Response(200, json=self.held.get(kind, self.record.bundle()))


@pytest.fixture
def server(ehr: Any) -> FhirServer:
    """A server that is well."""
    return FhirServer(ehr.record, ehr.known())


@pytest.fixture
def reads(server: FhirServer) -> Iterator[FhirReads]:
    """What fetches from it, and from no other."""
    one = FhirReads([BASE], httpx.MockTransport(server))
    yield one
    one.close()


@pytest.fixture
def fetching_ehr(served: ServedPolicy, store: Store, clock: Any, ehr: Any, reads: FhirReads) -> Iterator[Any]:
    """A record system that calls a service which fetches."""
    cards = CardSetting(base="https://equipoise.example.org", servers=(BASE,))
    with TestClient(
        create_app(Collaborators(lambda: served, store, CONTACTS, clock, cards=cards, reads=reads))
    ) as one:
        yield type(ehr)(one, ehr.record)


def bare(ehr: Any, **more: Any) -> dict[str, Any]:
    """A call without any prefetch."""
    return {**ehr.request(**{**CALL, **more}), "prefetch": more.get("prefetch", {})}


def test_what_was_not_sent_is_fetched(fetching_ehr: Any, server: FhirServer) -> None:
    """Without any prefetch the card is that of a full one; every template is asked once, of this patient alone."""
    (card,) = fetching_ehr.call(bare(fetching_ehr)).json()["cards"]
    (sent,) = fetching_ehr.cards(context={"userId": "Practitioner/8"})
    assert (card["summary"], card["detail"]) == (sent["summary"], sent["detail"])
    assert len(server.calls) == 10
    assert all("P-1" in str(call.url) for call in server.calls)


@pytest.mark.parametrize(
    ("scope", "fetched"),
    [
        ("patient/*.rs", True),
        ("launch patient/*.read", True),
        ("user/Patient.r user/Observation.s user/QuestionnaireResponse.cruds", True),
        ("patient/Patient.r patient/Observation.r patient/QuestionnaireResponse.rs", False),
        ("patient/Patient.rs patient/Observation.rs?category=laboratory patient/QuestionnaireResponse.rs", False),
        ("launch openid", False),
        ("patient/*.sr", False),
    ],
)
def test_only_what_the_scope_reaches_whole_is_fetched(
    fetching_ehr: Any, server: FhirServer, scope: str, fetched: bool
) -> None:
    """What the leave does not reach, or only a part of, is not asked for; the 412 names the scopes that it takes.

    Of a search that the server narrows by itself an empty answer would look like a patient who never answered.
    """
    answer = fetching_ehr.call(bare(fetching_ehr, fhirAuthorization={**LEAVE, "scope": scope}))
    observed = [call for call in server.calls if call.url.path.endswith("/Observation")]
    assert (answer.status_code, bool(observed)) == ((200, True) if fetched else (412, False)), answer.text
    assert fetched or "patient/Observation.s" in answer.json()["detail"]


def test_a_scope_with_a_query_that_holds_all_that_is_asked_for(fetching_ehr: Any, server: FhirServer) -> None:
    """A scope that is narrowed to certain codes reaches a search for some of them, and not one for others."""
    (asked,) = [s for s in fetching_ehr.client.get("/cds-services").json()["services"] if s["hook"] == "patient-view"]
    codes = asked["prefetch"]["observations"].partition("code=")[2].partition("&")[0]
    scope = f"patient/*.r patient/QuestionnaireResponse.s patient/Observation.s?code={codes},http://loinc.org|1-8"
    answer = fetching_ehr.call(bare(fetching_ehr, fhirAuthorization={**LEAVE, "scope": scope}))
    assert answer.status_code == 200, answer.text
    assert {call.url.path for call in server.calls} == {f"/r4/{one}" for one in ASKED}
    assert sum("/Observation" in call.url.path for call in server.calls) == 1  # not for values by names of ours


def test_what_was_sent_is_not_fetched(fetching_ehr: Any, server: FhirServer) -> None:
    """A key that came, null too, is not asked for; one with an error in place of data is."""
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    request = fetching_ehr.request(**CALL, prefetch={"questionnaires": outcome})
    assert fetching_ehr.call(request).status_code == 200
    assert [call.url.path for call in server.calls] == ["/r4/QuestionnaireResponse"]


@pytest.mark.parametrize(
    "change",
    [
        {"fhirServer": "https://169.254.169.254/latest"},
        {"fhirServer": "http://fhir.example.org/r4"},
        {"fhirServer": f"{BASE}/../other"},
        {"fhirServer": f"{BASE}@elsewhere.example.org"},
        {"fhirAuthorization": LEAVE | {"patient": "P-2"}},
        {"fhirAuthorization": LEAVE | {"expires_in": 0}},
        {"fhirAuthorization": None},
    ],
)
def test_nobody_else_is_asked(fetching_ehr: Any, server: FhirServer, change: dict[str, Any]) -> None:
    """A server that is not listed, leave for another patient or that ended: nothing is asked, and it is 412."""
    answer = fetching_ehr.call(bare(fetching_ehr, **change))
    assert answer.status_code == 412
    assert server.calls == []
    assert "elsewhere" not in answer.text
    assert TOKEN not in answer.text


FAULTS: dict[str, Handler] = {
    "refused": lambda _: httpx.Response(403),
    "unknown type": lambda _: httpx.Response(404, json={}),
    "broken": lambda _: httpx.Response(500),
    "redirect": lambda _: httpx.Response(302, headers={"Location": "https://elsewhere.example.org"}),
    "no JSON": lambda _: httpx.Response(200, content=b"<html>"),
    "no object": lambda _: httpx.Response(200, json=[]),
    "too long": lambda _: httpx.Response(200, content=b" " * (fetching.MOST_BYTES + 1)),
    "deep": lambda _: httpx.Response(200, content=b"[" * 100_000),
}


def gone(_: httpx.Request) -> httpx.Response:
    """Nothing answers."""
    raise httpx.ConnectError("")


def late(_: httpx.Request) -> httpx.Response:
    """It takes too long."""
    raise httpx.ReadTimeout("")


@pytest.mark.parametrize("fault", [*FAULTS.values(), gone, late], ids=[*FAULTS, "gone", "late"])
def test_a_server_at_fault(fetching_ehr: Any, server: FhirServer, fault: Handler) -> None:
    """What it does not give stays missing: of a required key a 412 that says so, of another unknown facts."""
    server.instead = {"Condition": fault}
    (card,) = fetching_ehr.call(bare(fetching_ehr)).json()["cards"]
    assert "conditions that were not sent (1)" in card["detail"]
    server.instead = {"QuestionnaireResponse": fault}
    answer = fetching_ehr.call(bare(fetching_ehr))
    assert answer.status_code == 412
    assert "questionnaires" in answer.text
    assert "could not be had from the fhirServer" in answer.text
    assert not any("elsewhere" in str(call.url) for call in server.calls)


def test_danger_comes_first(fetching_ehr: Any, server: FhirServer) -> None:
    """What was sent is judged although the server is gone: a positive item 9 is told, and it is no 412."""
    server.instead = dict.fromkeys(("Patient", "Observation"), gone)
    prefetch = fetching_ehr.phq9(2)
    (card,) = fetching_ehr.call(bare(fetching_ehr, prefetch=prefetch)).json()["cards"]
    assert card["indicator"] == "critical"


def test_it_is_told_in_readyz(fetching_ehr: Any, server: FhirServer) -> None:
    """A server that fails is a warning of /readyz, which stays ready; once it answers again it is none."""

    def part() -> dict[str, str]:
        answer = fetching_ehr.client.get("/readyz")
        assert answer.status_code in (200, 503)
        listed = answer.json().get("parts") or []
        return next((one for one in listed if one["name"] == "fhir"), {"state": "not told"})

    server.instead = dict.fromkeys(("Patient", "Observation", "QuestionnaireResponse", "Condition", "Consent"), gone)
    server.instead |= dict.fromkeys(("MedicationRequest", "AllergyIntolerance", "Procedure", "CarePlan"), gone)
    assert fetching_ehr.call(bare(fetching_ehr)).status_code == 412
    assert fetching_ehr.client.app.state.collaborators.reads.failures() == {BASE: "ConnectError"}
    assert part()["state"] in ("warning", "not told")
    server.instead = {}
    assert fetching_ehr.call(bare(fetching_ehr)).status_code == 200
    assert part()["state"] in ("ok", "not told")


def test_pages(fetching_ehr: Any, server: FhirServer) -> None:
    """Pages of a search are put together; one that lies elsewhere is not asked for, and that is told."""
    whole = server.held["QuestionnaireResponse"]

    def first(request: httpx.Request) -> httpx.Response:
        if "page" in request.url.params:
            return httpx.Response(200, json=whole)
        link = [{"relation": "next", "url": f"{BASE}/QuestionnaireResponse?page=2"}]
        return httpx.Response(200, json={**fetching_ehr.record.bundle(), "link": link})

    server.instead = {"QuestionnaireResponse": first}
    (card,) = fetching_ehr.call(bare(fetching_ehr)).json()["cards"]
    assert "more pages" not in card["detail"]
    elsewhere = [{"relation": "next", "url": "https://elsewhere.example.org/r4?page=2"}]
    server.instead = {"QuestionnaireResponse": lambda _: httpx.Response(200, json={**whole, "link": elsewhere})}
    (card,) = fetching_ehr.call(bare(fetching_ehr, context={"userId": "Practitioner/9"})).json()["cards"]
    assert "more pages" in card["detail"]
    assert not any("elsewhere" in str(call.url) for call in server.calls)


def test_the_token_is_never_kept(
    fetching_ehr: Any, reads: FhirReads, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Q9, also where it is used: neither database nor log nor answer holds it, nor an address that names a patient."""
    caplog.set_level("INFO")
    answer = fetching_ehr.call(bare(fetching_ehr))
    assert answer.status_code == 200
    assert TOKEN not in answer.text + caplog.text + repr(vars(reads))
    assert BASE not in caplog.text
    held = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert TOKEN.encode() not in held


@pytest.mark.parametrize("token", ["", "two words", "a\r\nX-Other: b", "ä"])
def test_what_is_no_token(fetching_ehr: Any, server: FhirServer, token: str) -> None:
    """What could be more than a header's value is refused, and not echoed."""
    answer = fetching_ehr.call(bare(fetching_ehr, fhirAuthorization=LEAVE | {"access_token": token}))
    assert answer.status_code == 422
    assert server.calls == []


@pytest.mark.parametrize("listed", ["http://ehr.example.org/fhir", "https://ehr.example.org/fhir?a=b", "fhir"])
def test_servers_are_listed_with_https(listed: str) -> None:
    """A list of servers with anything else than https addresses ends the start."""
    from data_contracts.errors import BadUsage

    good = read_card_setting({"EQUIPOISE_FHIR_SERVERS": f"{BASE}/, http://127.0.0.1:8090/fhir"}, "127.0.0.1", 1)
    assert good.servers == (BASE, "http://127.0.0.1:8090/fhir")
    with pytest.raises(BadUsage, match="EQUIPOISE_FHIR_SERVERS"):
        read_card_setting({"EQUIPOISE_FHIR_SERVERS": listed}, "127.0.0.1", 1)
