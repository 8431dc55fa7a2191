"""A record system launches the patient's page: who, about whom, by what leave; and everything that is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

ISS = "https://ehr.example.org/fhir"
COOKIE = "__Host-equipoise_session"


def audit(browser: Any) -> str:
    """The whole audit, as text."""
    with browser.app.state.collaborators.store.reading() as connection:
        return "\n".join(connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq").scalars())


def test_from_the_record_system_to_the_page(browser: Any, ehr: Any, launch: Callable[..., Any]) -> None:
    """A launch ends on the page of the patient who is open, made of their record, with the clinician signed in."""
    answer = launch()
    assert answer.status_code == 303, answer.text
    assert (ehr.out["aud"], ehr.out["launch"], ehr.out["code_challenge_method"]) == (ISS, "xyz", "S256")
    assert {"launch", "openid", "fhirUser", "patient/Patient.r"} <= set(ehr.out["scope"].split())
    assert "Authorization" in ehr.tokens[0]
    assert len(ehr.tokens[0]["code_verifier"]) >= 43
    page = browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Ama Mbeki" in page.text
    signed = browser.get(f"/v1{answer.headers['location']}/history", headers={"accept": "application/json"})
    assert signed.json()["state"] == "draft"
    assert {"Patient/P-1", "Observation", "QuestionnaireResponse", "Practitioner/7"} <= set(ehr.asked)
    assert "canary-leave" not in audit(browser)


def test_who_it_is_is_the_record_systems_practitioner(browser: Any, launch: Callable[..., Any]) -> None:
    """Who launched treats that patient, with the licence that the Practitioner's identifier says; and no other."""
    made = launch().headers["location"]
    form = browser.get(made).text.partition('name="form_token" value="')[2].partition('"')[0]
    held = browser.app.state.collaborators
    who = held.sessions.find(browser.cookies[COOKIE], held.clock())
    assert (who.name, who.licence, who.patient) == ("Ama Mbeki", "GMC 1234567", "P-1")
    assert (who.roles, who.organisation) == (frozenset({"clinician"}), "St Example")
    assert browser.post("/find", data={"patient_id": "P-2", "form_token": form}).status_code == 403


@pytest.mark.parametrize("iss", ["https://evil.example.org/fhir", "http://ehr.example.org/fhir", f"{ISS}/more", ""])
def test_a_record_system_that_is_not_listed(browser: Any, ehr: Any, iss: str) -> None:
    """A launch from elsewhere is refused in words, nothing is asked of that address, and the audit counts it."""
    answer = browser.get("/launch", params={"iss": iss, "launch": "x"})
    assert (answer.status_code, "EQUIPOISE_EHRS" in answer.text) == (403, True)
    assert ehr.asked == []
    told = json.loads(audit(browser).splitlines()[-1])
    assert (told["kind"], told["outcome"], told["detail"]["way"]) == ("login", "denied", "launch")


REFUSED = [
    ({"state": "made-up"}, {}, {}, 401),
    ({"code": ""}, {}, {}, 401),
    ({"error": "access_denied", "code": ""}, {}, {}, 401),
    ({}, {"patient": None}, {}, 403),
    ({}, {"patient": "../1"}, {}, 403),
    ({}, {"patient": ".."}, {}, 403),
    ({}, {"id_token": None}, {}, 401),
    ({}, {"access_token": "two\nlines"}, {}, 401),
    ({}, {"token_type": "mac"}, {}, 401),
    ({}, {}, {"fhirUser": None}, 401),
    ({}, {}, {"fhirUser": "https://elsewhere.example.org/fhir/Practitioner/7"}, 401),
    ({}, {}, {"fhirUser": "Patient/P-1"}, 403),
    ({}, {}, {"fhirUser": "Practitioner/9"}, 401),  # of whom nothing can be read, so that nobody knows the name
    ({}, {}, {"nonce": "another"}, 401),
    ({}, {}, {"aud": "another"}, 401),
    ({}, {}, {"exp": 1}, 401),
]


@pytest.mark.parametrize(("back", "told", "claims", "status"), REFUSED)
def test_what_is_refused(
    browser: Any, ehr: Any, launch: Callable[..., Any], back: Any, told: Any, claims: Any, status: int
) -> None:
    """What does not come of this browser's own launch, names no patient or no clinician, opens nothing."""
    ehr.told, ehr.claims = told, claims
    answer = launch(**back)
    assert answer.status_code == status, answer.text
    assert COOKIE not in browser.cookies
    assert not any(path.startswith("Patient") for path in ehr.asked)
    assert "canary" not in answer.text


def test_a_code_is_not_taken_twice(browser: Any, ehr: Any, launch: Callable[..., Any]) -> None:
    """The way back leads in once: the browser forgets the launch that it came back from."""
    launch()
    again = browser.get("/launch/callback", params={"code": "c-1", "state": ehr.out["state"]})
    assert again.status_code == 401


@pytest.mark.parametrize(
    ("scope", "status", "word"),
    [
        ("launch openid fhirUser patient/*.read user/Practitioner.read", 303, ""),
        ("launch openid fhirUser user/Practitioner.r patient/Patient.r", 412, "patient/Observation.s"),
        ("launch openid fhirUser patient/*.rs?_tag=x user/Practitioner.r", 412, "patient/Patient.r"),
    ],
)
def test_a_leave_that_reaches_less(
    browser: Any, ehr: Any, launch: Callable[..., Any], scope: str, status: int, word: str
) -> None:
    """What the granted scope does not reach whole is not asked for; without it the page says what it takes."""
    ehr.told = {"scope": scope}
    answer = launch()
    assert answer.status_code == status, answer.text
    assert word in answer.text
    assert COOKIE in browser.cookies


def test_safety_first(browser: Any, ehr: Any, launch: Callable[..., Any], record: Any) -> None:
    """An item 9 that is positive leads to its page also where the rest of the record cannot be had."""
    ehr.held["QuestionnaireResponse"] = record.bundle(record.phq9(2, 2, 2, 2, 2, 2, 2, 2, 2))
    ehr.told = {"scope": "patient/Patient.r patient/QuestionnaireResponse.s user/Practitioner.r"}
    answer = launch()
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"])
    assert "/acknowledge" in page.text
    assert "<table" not in page.text  # no option is drawn while safety is waited for


def card_links(browser: Any, ehr: Any, user: str, server: str) -> list[dict[str, Any]]:
    """The links of the card for the patient, asked for by a record system."""
    prefetch = {"patient": "Patient/P-1", "questionnaires": "QuestionnaireResponse", "consents": "Consent"}
    call = {
        "hook": "patient-view",
        "hookInstance": "i",
        "fhirServer": server,
        "context": {"userId": user, "patientId": "P-1"},
        "prefetch": {"observations": None, **{key: ehr.held[where] for key, where in prefetch.items()}},
    }
    (card,) = browser.post("/cds-services/equipoise-patient-view", json=call).json()["cards"]
    return list(card["links"])


def test_a_card_leads_to_its_answer(browser: Any, ehr: Any, launch: Callable[..., Any]) -> None:
    """A card's smart link gives its answer along, and a launch with it opens that very answer without reading anew."""
    basis, link = card_links(browser, ehr, "Practitioner/7", ISS)
    assert (link["type"], link["url"]) == ("smart", "https://equipoise.example.org/launch")
    assert basis["type"] == "absolute"
    ehr.told = {"appContext": link["appContext"]}
    answer = launch()
    assert answer.headers["location"] == f"/recommendations/{link['appContext']}"
    assert browser.get(answer.headers["location"]).status_code == 200
    assert ehr.asked == ["Practitioner/7"]


def test_a_card_for_a_record_system_that_does_not_launch(browser: Any, ehr: Any) -> None:
    """Elsewhere the link leads to the page itself, where whoever opens it has to be known."""
    _, link = card_links(browser, ehr, "Practitioner/8", "https://other.example.org/fhir")
    assert (link["type"], "appContext" in link) == ("absolute", False)
    where = link["url"].removeprefix("https://equipoise.example.org")
    assert where.startswith("/recommendations/")
    assert browser.get(where).status_code == 401


@pytest.mark.parametrize("context", ["no id", "2f1c9a52-5d0b-4c62-9d3e-0a3f6c1b7e11", '{"a": 1}'])
def test_a_context_of_nobodys(ehr: Any, launch: Callable[..., Any], context: str) -> None:
    """A context that is no answer of ours about this patient is passed over: a new answer is made."""
    ehr.told = {"appContext": context}
    answer = launch()
    assert (answer.status_code, context in answer.headers["location"]) == (303, False)


def test_the_same_answer_by_its_context(browser: Any, ehr: Any, launch: Callable[..., Any]) -> None:
    """A context that is an answer about this patient opens it, and nothing is read or made anew; of another, not."""
    made = launch().headers["location"]
    ehr.told, ehr.asked = {"appContext": made.rpartition("/")[2]}, []
    assert launch().headers["location"] == made
    assert ehr.asked == ["Practitioner/7"]
    ehr.told["patient"] = "P-2"
    ehr.held["Patient/P-2"] = {**ehr.held["Patient/P-1"], "id": "P-2"}
    assert launch().headers.get("location") != made


def test_a_death_on_record(ehr: Any, launch: Callable[..., Any]) -> None:
    """Of a patient whose death is on record nothing is compared."""
    ehr.held["Patient/P-1"] = {**ehr.held["Patient/P-1"], "deceasedBoolean": True}
    assert launch().status_code == 403


def test_nobody_launches_where_nothing_is_configured(client: Any) -> None:
    """Without EQUIPOISE_EHRS there is no such page."""
    answer = client.get("/launch", params={"iss": ISS, "launch": "x"})
    assert (answer.status_code, "EQUIPOISE_EHRS" in answer.text) == (404, True)
