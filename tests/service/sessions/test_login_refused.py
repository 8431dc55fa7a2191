"""Who does not get in: whatever is wrong with an answer of the provider, or with where it came from, is no login."""

from __future__ import annotations

import json
from typing import Any

from joserfc.jwk import ECKey, OctKey
from sqlalchemy import text

from service.sessions.attempt import new_attempt, sealed_attempt
from service.sessions.cookie import ATTEMPT, SESSION
from service.storage.store import Store

OTHER = ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "k"})
TOKENS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another"},
    "us and another": {"aud": ["equipoise", "another"]},
    "given to another": {"azp": "another"},
    "expired": {"iat": 1_000_000_000, "exp": 1_000_000_600},
    "of the future": {"iat": 9_000_000_000, "exp": 9_000_000_600},
    "no subject": {"sub": None},
    "no end": {"exp": None},
    "a role that the issuer may not give": {"roles": ["integrator"]},
    "an organisation that is not its own": {"organisation": "Other Trust"},
    "a clinician without a name": {"name": None},
}


def refused(answer: Any, browser: Any, status: int = 401) -> str:
    """The answer is a page that lets nobody in and says why."""
    assert answer.status_code == status, answer.text
    assert "text/html" in answer.headers["content-type"]
    assert SESSION not in browser.cookies
    assert browser.get("/").status_code == 303
    return str(answer.text)


def test_id_tokens_that_are_not_believed(browser_of: Any, provider: Any, log_in: Any) -> None:
    """An ID token of another login, issuer, client or time, or with more than its issuer may say, lets nobody in."""
    for changes in TOKENS.values():
        provider.changes = changes
        refused(log_in(browser_of), browser_of)
    provider.changes = {}
    assert log_in(browser_of).status_code == 303


FORGED: dict[str, dict[str, Any]] = {
    "signed by another key": {"signer": OTHER},
    "signed by a secret": {"signer": OctKey.import_key("s" * 32), "header": {"alg": "HS256", "kid": "k"}},
    "an access token": {"header": {"alg": "ES256", "kid": "k", "typ": "at+jwt"}},
    "a key of its own": {"header": {"alg": "ES256", "kid": "k", "jku": "https://evil.example/keys"}},
    "no key named": {"header": {"alg": "ES256"}},
}


def test_id_tokens_that_are_forged(browser_of: Any, provider: Any, log_in: Any) -> None:
    """An ID token that no key of the provider signed, or that is none, lets nobody in."""
    sound = {"signer": provider.signer, "header": provider.header}
    for forged in FORGED.values():
        for name, value in {**sound, **forged}.items():
            setattr(provider, name, value)
        refused(log_in(browser_of), browser_of)


ANSWERS: dict[str, dict[str, str]] = {
    "another state": {"state": "y" * 43},
    "no state": {"state": ""},
    "another provider": {"iss": "https://evil.example"},
    "a provider that does not name itself": {"iss": ""},
    "no code": {"code": ""},
    "an error": {"code": "", "error": "access_denied"},
    "an error that is no name": {"code": "", "error": "<script>alert(1)</script>"},
}


def test_answers_that_are_not_taken(browser_of: Any, provider: Any, log_in: Any) -> None:
    """An answer that this browser did not ask for, or of another provider, redeems no code."""
    for changes in ANSWERS.values():
        assert "<script>alert" not in refused(log_in(browser_of, **changes), browser_of)
    assert provider.asked == []


def test_another_browser_cannot_finish_a_login(replica: Any, provider: Any, log_in: Any) -> None:
    """An answer that is carried into another browser lets nobody in there (login CSRF)."""
    one, other = replica(), replica()
    log_in(one, state="")
    back = {"code": "c", "state": provider.out["state"], "iss": "https://login.example.org"}
    refused(other.get("/login/callback", params=back), other)
    assert provider.asked == []


def test_an_attempt_counts_for_ten_minutes_and_for_its_state(
    browser_of: Any, provider: Any, log_in: Any, clock: Any
) -> None:
    """What a browser keeps of an attempt is taken for ten minutes, unchanged, with its own state."""
    log_in(browser_of, state="")
    state = provider.out["state"]
    back = {"code": "c", "state": state, "iss": "https://login.example.org"}
    name = ATTEMPT + "".join(one for one in state[:12] if one.isalnum())
    sealed = browser_of.cookies[name]
    for wrong in (sealed[:-8] + "AAAAAAAA", "", "x"):
        browser_of.cookies.set(name, wrong, domain="equipoise.example.org", path="/")
        refused(browser_of.get("/login/callback", params=back), browser_of)
        browser_of.cookies.delete(name, domain="equipoise.example.org", path="/")
    browser_of.cookies.set(name, sealed, domain="equipoise.example.org", path="/")
    clock.on(minutes=11)
    refused(browser_of.get("/login/callback", params=back), browser_of)


def test_a_provider_that_does_not_give(browser_of: Any, provider: Any, log_in: Any) -> None:
    """A code that was used is a 401; a client that is not known, or a provider that fails, a 503 that names it."""
    for status, error, told in ((400, "invalid_grant", 401), (401, "invalid_client", 503), (500, "server_error", 503)):
        provider.status, provider.error = status, error
        answer = log_in(browser_of)
        assert (answer.status_code, error in answer.text) == (told, status != 500)


def test_somebody_without_a_role(browser_of: Any, provider: Any, log_in: Any, store: Store, clock: Any) -> None:
    """Whom the provider knows and who is nobody here is a 403, remembered by name; strangers by their number."""
    provider.changes = {"roles": ["receptionist"]}
    refused(log_in(browser_of), browser_of, 403)
    provider.changes = {"nonce": "x"}
    clock.on(seconds=2)
    refused(log_in(browser_of), browser_of)
    with store.reading() as connection:
        rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    known, stranger = [told for told in map(json.loads, rows) if told["kind"] == "login"]
    assert (known["who"], known["outcome"], known["detail"]["status"]) == ("u-1", "denied", 403)
    assert (stranger["who"], stranger["outcome"], stranger["detail"]["calls"]) == ("unknown", "denied", 1)


def test_a_launch_is_no_login(browser_of: Any, store: Store, clock: Any) -> None:
    """What left for a record system and not for the provider comes back as no login, whatever code it brings."""
    attempt = new_attempt("/", clock(), "https://ehr.example.org/fhir")
    name = f"{ATTEMPT}{''.join(letter for letter in attempt.state[:12] if letter.isalnum())}"
    browser_of.cookies.set(name, sealed_attempt(attempt, store.ring), domain="equipoise.example.org", path="/")
    back = {"code": "c-1", "state": attempt.state, "iss": "https://login.example.org"}
    assert "not begun in this browser" in refused(browser_of.get("/login/callback", params=back), browser_of)
