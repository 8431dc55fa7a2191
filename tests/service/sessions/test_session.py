"""Sessions of browsers: one begins by a login alone, is somebody's, ends, and nobody else comes by it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from service.access.rights import RIGHTS
from service.audit.actor import LOCAL_ACTOR, Actor
from service.audit.entry import Entry
from service.audit.verify import verify
from service.sessions.cookie import SESSION
from service.sessions.local_path import local_path
from service.storage.care import add_care
from service.storage.person import PatientName
from service.storage.store import Store

WHO, HERE = "u-1", "https://equipoise.example.org"


def audit(store: Store, *kinds: str) -> list[dict[str, Any]]:
    with store.reading() as connection:
        rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    return [told for told in map(json.loads, rows) if told["kind"] in kinds]


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found.group(1)


@pytest.fixture
def treats(store: Store, clock: Any) -> None:
    """The clinician who logs in treats P-1."""
    caller, until = store.ring.caller("https://login.example.org", WHO), clock() + timedelta(days=30)
    told = (PatientName("St Example", "P-1"), caller, until, Entry("care", LOCAL_ACTOR, clock()))
    store.write(lambda transaction: add_care(transaction, store.ring, *told))


def test_what_goes_out_and_what_comes_back(browser_of: Any, provider: Any, log_in: Any) -> None:
    """The way out has state, nonce and the hash of a verifier (S256); the code is redeemed with the verifier."""
    assert log_in(browser_of).status_code == 303
    out, (sent,) = provider.out, provider.asked
    wanted = {
        "response_type": "code",
        "client_id": "equipoise",
        "redirect_uri": f"{HERE}/login/callback",
        "tenant": "1",
    }
    assert wanted.items() <= out.items()
    assert out["code_challenge_method"] == "S256"
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == out["code_challenge"]
    assert len({out["state"], out["nonce"], out["code_challenge"], sent["code_verifier"]}) == 4
    assert (sent["grant_type"], sent["code"], sent["redirect_uri"]) == (
        "authorization_code",
        "c-1",
        out["redirect_uri"],
    )
    assert base64.b64decode(sent["Authorization"].removeprefix("Basic ")) == b"equipoise:a+b"


def test_a_session_is_somebody(browser_of: Any, log_in: Any, treats: None, store: Store, profile: Any) -> None:
    """Who logged in opens pages, reads and signs as whom the provider names; the database opens nothing of it."""
    arrived = log_in(browser_of, "/recommendations/x%3Fby%3Dy")
    assert arrived.headers["location"] == "/recommendations/x?by=y"
    cookie = next(one for one in arrived.headers.get_list("set-cookie") if one.startswith(SESSION))
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    page = browser_of.get("/")
    assert (page.status_code, "Dr A. Mbeki" in page.text) == (200, True)
    session = browser_of.cookies[SESSION]
    with store.reading() as connection:
        (row,) = connection.execute(text("SELECT * FROM sessions")).all()
    assert row.id == hashlib.sha256(session.encode()).hexdigest()
    assert not any(part in bytes(row.content) for part in (b"Mbeki", b"u-1", session.encode()))
    (told,) = audit(store, "login")
    assert (told["who"], told["issuer"], told["outcome"]) == (WHO, "https://login.example.org", "success")
    assert session not in json.dumps(told)
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()


def test_who_signs_on_a_page_is_who_is_signed_in(
    browser_of: Any, log_in: Any, treats: None, store: Store, profile: Any
) -> None:
    """A page asks nobody for a name: a review is signed by the session's clinician, whatever a form claims."""
    log_in(browser_of)
    made = browser_of.post("/v1/recommendations", json=profile, headers={"Authorization": "Bearer integrator"})
    where = f"/recommendations/{made.json()['id']}"
    page = browser_of.get(where).text
    assert "You sign as Dr A. Mbeki, licence GMC 1234567." in page
    assert 'name="by"' not in page
    forged = {"by": "Dr Evil", "role": "licence 0", "form_token": form_token(page)}
    assert browser_of.post(f"{where}/review", data=forged).status_code == 303
    (event,) = browser_of.get(f"/v1{where}/history").json()["events"]
    assert (event["by"], event["role"]) == ("Dr A. Mbeki", "licence GMC 1234567")


def test_the_link_of_a_card_is_followed(browser_of: Any, log_in: Any, treats: None, profile: Any) -> None:
    """A card's link to acknowledge an assessment leads, past the login, to the page on which that is done."""
    asked = profile | {"values": profile["values"] | {"phq9_item9": 2.0}}
    made = browser_of.post("/v1/recommendations", json=asked, headers={"Authorization": "Bearer integrator"}).json()
    link = f"/v1/recommendations/{made['id']}/acknowledgement"
    out = browser_of.get(link, headers={"sec-fetch-mode": "navigate"})
    assert out.headers["location"] == f"/login?next={link}"
    assert log_in(browser_of, link).headers["location"] == link
    page = browser_of.get(browser_of.get(link).headers["location"])
    assert page.status_code == 200
    ticked = {"assessed": "yes", "form_token": form_token(page.text)}
    done = browser_of.post(f"/recommendations/{made['id']}/acknowledge", data=ticked)
    assert done.status_code == 303
    (event,) = browser_of.get(f"/v1/recommendations/{made['id']}/history").json()["events"]
    assert (event["action"], event["by"]) == ("acknowledge", "Dr A. Mbeki")


def test_other_replicas_and_the_end(replica: Callable[[], Any], log_in: Any, store: Store) -> None:
    """A session counts on every replica until it is signed out on any, and is then nobody's, here and there."""
    one, other = replica(), replica()
    log_in(one)
    other.cookies.set(SESSION, one.cookies[SESSION])
    assert other.get("/").status_code == 200
    left = one.post("/logout", data={"form_token": form_token(one.get("/").text)})
    assert (left.status_code, left.headers["location"]) == (303, "/logout")
    assert SESSION not in one.cookies
    assert "signed out" in one.get("/logout").text
    answer = other.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    (told,) = audit(store, "logout")
    assert told["who"] == WHO


def test_without_a_session(browser_of: Any, log_in: Any) -> None:
    """A page sends a browser to log in and then there; a program, a form and the API are told 401."""
    answer = browser_of.get("/studies?page_number=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/studies%3Fpage_number%3D2")
    assert browser_of.get("/", headers={"accept": "application/json"}).status_code == 401
    for address in ("/v1/recommendations/x", "/v1/studies"):
        refused = browser_of.get(address)
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
    goes = browser_of.get("/v1/recommendations/x/basis", headers={"sec-fetch-mode": "navigate"})
    assert (goes.status_code, goes.headers["location"]) == (303, "/login?next=/v1/recommendations/x/basis")
    sent = browser_of.post("/find", data={"patient_id": "P-1"})
    assert (sent.status_code, "Log in" in sent.text) == (401, True)
    part = browser_of.get(
        "/recommendations/x", headers={"HX-Request": "true", "HX-Current-URL": f"{HERE}/recommendations/y"}
    )
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/login?next=/recommendations/y")


def test_who_opens_a_page_is_not_refused(browser_of: Any, store: Store, clock: Any) -> None:
    """Opening a page without a session is no refusal on record; a program, or a made-up cookie or token, is."""

    def refusals() -> list[str]:
        clock.on(seconds=2)
        with store.reading() as connection:
            rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
        return [told["detail"]["address"] for told in map(json.loads, rows) if told["kind"] == "denied"]

    page, cookie = {"accept": "text/html"}, {"cookie": f"{SESSION}={'x' * 43}"}
    assert browser_of.get("/studies", headers=page).status_code == 303
    assert refusals() == []
    assert browser_of.get("/v1/studies").status_code == 401
    assert refusals() == ["GET /v1/studies"]
    assert browser_of.get("/studies", headers=page | cookie).status_code == 303
    assert refusals() == ["GET /v1/studies", "GET /studies"]
    assert browser_of.get("/studies", headers=page | {"authorization": "Bearer x"}).status_code == 303
    assert len(refusals()) == 3


def test_it_ends_by_itself(browser_of: Any, log_in: Any, clock: Any) -> None:
    """It lasts while it is used, a quarter of an hour without, and eight hours at most."""
    log_in(browser_of)
    for _ in range(3):
        clock.on(minutes=14)
        assert browser_of.get("/").status_code == 200
    clock.on(minutes=15, seconds=1)
    assert browser_of.get("/").status_code == 303
    log_in(browser_of)
    for _ in range(8 * 6 - 1):
        clock.on(minutes=10)
        assert browser_of.get("/logout").status_code == browser_of.get("/").status_code == 200
    clock.on(minutes=10)
    assert browser_of.get("/").status_code == 303


def test_a_login_gives_a_new_id(browser_of: Any, log_in: Any, store: Store) -> None:
    """An id that somebody put into a browser is no session, nor becomes one; the one before a login ends with it."""
    planted = "A" * 43
    browser_of.cookies.set(SESSION, planted, domain="equipoise.example.org", path="/")
    assert browser_of.get("/").status_code == 303
    log_in(browser_of)
    first = browser_of.cookies[SESSION]
    log_in(browser_of)
    assert len({planted, first, browser_of.cookies[SESSION]}) == 3
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 1


NO_PAGES = ("/v1/", "/cds-", "/login/back-channel-logout")
FORMS = [
    one.partition(" ")[2] for one in RIGHTS if one.startswith("POST /") and not any(part in one for part in NO_PAGES)
]


def test_no_form_without_the_sessions_token(
    browser_of: Any, log_in: Any, provider: Any, treats: None, profile: Any
) -> None:
    """Every page's form is refused without a token, with one of another session, or with a planted cookie's."""
    provider.changes = {"roles": ["clinician", "analyst", "administrator"]}
    log_in(browser_of)
    stale = form_token(browser_of.get("/").text)
    log_in(browser_of)
    made = browser_of.post("/v1/recommendations", json=profile, headers={"Authorization": "Bearer integrator"})
    browser_of.cookies.set("equipoise_form", "x" * 43)
    for address in FORMS:
        path = re.sub(r"\{[^}]+\}", "none", address.replace("{recommendation_id}", made.json()["id"]))
        for token in ("", stale, "x" * 43):
            answer = browser_of.post(path, data={"form_token": token})
            if answer.status_code == 415:  # a form with files
                answer = browser_of.post(path, data={"form_token": token}, files={"table": b"", "protocol": b""})
            assert (answer.status_code, "did not come from a page" in answer.text) == (403, True), address
    assert browser_of.get("/").status_code == 200


def test_a_session_writes_nothing_past_the_pages(browser_of: Any, log_in: Any, profile: Any) -> None:
    """What no form token guards takes a bearer token: a session only reads at /v1."""
    log_in(browser_of)
    refused = browser_of.post("/v1/recommendations", json=profile)
    assert (refused.status_code, "only read" in refused.json()["detail"]) == (401, True)
    assert browser_of.get("/openapi.json").status_code == 200


ELSEWHERE = (
    "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "evil",
    "/%0d%0aSet-Cookie:a=b\r\n", "///evil.example", "/login?next=/login", "/logout", "/" + "a" * 600, "",
)  # fmt: skip


def test_no_way_to_another_site(browser_of: Any, log_in: Any) -> None:
    """A login leads to a path here and nowhere else, whatever the link that began it says."""
    for wanted in ELSEWHERE:
        assert local_path(wanted) == "/"
        assert log_in(browser_of, quote(wanted)).headers["location"] == "/"


def test_an_issuer_that_is_no_longer_believed(browser_of: Any, log_in: Any, sessions: Any, store: Store) -> None:
    """A session ends when the access file no longer gives its issuer what it said."""
    log_in(browser_of)
    sessions._believed = lambda who: "clinician" not in who.roles
    assert browser_of.get("/").status_code == 303


def test_where_an_analyst_arrives(browser_of: Any, log_in: Any, provider: Any) -> None:
    """Who has nothing to do with patients arrives at the studies."""
    provider.changes = {"roles": ["analyst"]}
    assert log_in(browser_of).headers["location"] == "/studies"


def test_local_mode_knows_no_sessions(client: Any) -> None:
    """Where nobody is asked who they are, there is nothing to log in to, and that is said."""
    answer = client.get("/login", headers={"accept": "text/html"})
    assert (answer.status_code, "EQUIPOISE_LOGIN_ISSUER" in answer.text) == (404, True)


def test_actors_of_sessions(store: Store, sessions: Any, clock: Any) -> None:
    """What ended sessions leave in the database goes with the next login."""
    actor = Actor(LOCAL_ACTOR.principal, "10.0.0.7")
    for _ in range(3):
        sessions.begin(actor, clock())
    clock.on(hours=9)
    sessions.begin(actor, clock())
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 1
