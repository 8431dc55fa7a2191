"""A provider says that somebody is out (OpenID Connect Back-Channel Logout 1.0): who may say so, and what ends."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import text

from data_contracts.errors import NotAuthenticated, NotFound
from service.access.logout_token import LogoutToken
from service.access.principal import LOCAL
from service.audit.actor import OPERATOR, Actor
from service.audit.verify import verify
from service.sessions.session_store import Sessions
from service.sessions.setting import Lifetimes
from service.storage.store import Store

ISSUER, WHERE = "https://login.example.org", "/login/back-channel-logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
HEADER = {"alg": "ES256", "kid": "k", "typ": "logout+jwt"}
OTHER = ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "k"})
RSA = RSAKey.import_key(RSAKey.generate_key(2048).as_dict(private=True) | {"kid": "k"})


@pytest.fixture
def claims(clock: Any) -> Callable[..., dict[str, Any]]:
    """What a sound logout token says, changed; None leaves a claim out."""

    def made(**changes: Any) -> dict[str, Any]:
        now = int(clock().timestamp())
        sound = {"iss": ISSUER, "aud": "equipoise", "iat": now, "exp": now + 120, "jti": str(uuid4())}
        held = {**sound, "events": {EVENT: {}}, "sub": "u-1", **changes}
        return {name: value for name, value in held.items() if value is not None}

    return made


@pytest.fixture
def token(provider: Any, claims: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """A logout token, signed."""

    def made(header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        header = header or HEADER
        signer = key or provider.key
        return jwt.encode(header, claims(**changes), signer, algorithms=[header["alg"]], default_type=None)

    return made


def records(store: Store, kind: str) -> list[dict[str, Any]]:
    with store.reading() as connection:
        rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    return [told for told in map(json.loads, rows) if told["kind"] == kind]


@pytest.fixture
def signed_in(replica: Callable[[], Any], log_in: Any, provider: Any) -> Callable[..., Any]:
    """Signs somebody in, at a process of their own."""

    def sign_in(**claims: Any) -> Any:
        browser = replica()
        provider.changes = {"roles": ["analyst"], **claims}
        assert log_in(browser).status_code == 303
        return browser

    return sign_in


def is_in(browser: Any) -> bool:
    return bool(browser.get("/studies").status_code == 200)


def test_a_person_is_out_everywhere(
    signed_in: Callable[..., Any], token: Callable[..., str], browser_of: Any, store: Store
) -> None:
    """A token that names somebody ends all of their sessions on every replica, and nobody else's."""
    one, two, other = signed_in(sid="s-1"), signed_in(), signed_in(sub="u-2", name="B. Other")
    answer = browser_of.post(WHERE, data={"logout_token": token()})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert [is_in(browser) for browser in (one, two, other)] == [False, False, True]
    told = records(store, "session_end")
    assert {(one["who"], one["organisation"], one["detail"]["account"], one["detail"]["why"]) for one in told} == {
        (ISSUER, "St Example", "u-1", "provider")
    }
    assert len(told) == 2
    assert browser_of.post(WHERE, data={"logout_token": token()}).status_code == 200  # out already
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()


def test_one_of_the_provider_s_sessions_ends(
    signed_in: Callable[..., Any], token: Callable[..., str], browser_of: Any
) -> None:
    """A token that names a session ends what came of it; of the same person also what came of none that was named."""
    here, there, unnamed = signed_in(sid="s-1"), signed_in(sid="s-2"), signed_in()
    assert browser_of.post(WHERE, data={"logout_token": token(sid="s-1", sub=None)}).status_code == 200
    assert [is_in(one) for one in (here, there, unnamed)] == [False, True, True]
    again = signed_in(sid="s-3")
    assert browser_of.post(WHERE, data={"logout_token": token(sid="s-3")}).status_code == 200
    assert [is_in(one) for one in (again, there, unnamed)] == [False, True, False]
    assert browser_of.post(WHERE, data={"logout_token": token(sid="s-2", sub="u-2")}).status_code == 200
    assert is_in(there)  # it is not that person's


GOOD: dict[str, dict[str, Any]] = {
    "for us in a list": {"aud": ["equipoise"]},
    "of an older provider, which leaves out its kind": {"header": {"alg": "ES256", "kid": "k"}},
    "called a JWT": {"header": {"alg": "ES256", "kid": "k", "typ": "JWT"}},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_good_forms(
    signed_in: Callable[..., Any], token: Callable[..., str], browser_of: Any, changes: dict[str, Any]
) -> None:
    """Every form that the specification allows ends the session."""
    browser = signed_in()
    assert browser_of.post(WHERE, data={"logout_token": token(**changes)}).status_code == 200
    assert not is_in(browser)


CLAIMS: dict[str, dict[str, Any]] = {
    "with a nonce": {"nonce": "x" * 43},
    "with an empty nonce": {"nonce": ""},
    "without events": {"events": None},
    "with another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "with no event": {"events": {}},
    "with an event that is text": {"events": {EVENT: "yes"}},
    "with a list of events": {"events": [EVENT]},
    "for another": {"aud": "another"},
    "for us and another": {"aud": ["equipoise", "another"]},
    "for the bearers' audience": {"aud": "https://equipoise.example.org"},
    "for nobody": {"aud": None},
    "of another provider": {"iss": "https://evil.example"},
    "of no provider": {"iss": None},
    "without an id": {"jti": None},
    "with a number for an id": {"jti": 7},
    "without a beginning": {"iat": None},
    "without an end": {"exp": None},
    "expired": {"iat": 1_000_000_000, "exp": 1_000_000_120},
    "of the future": {"iat": 9_000_000_000, "exp": 9_000_000_120},
    "that lives for an hour": {"exp": 9_000_000_000},
    "that ends before it begins": {"exp": 1},
    "of nobody": {"sub": None},
    "of a number": {"sub": 7},
    "of a list of sessions": {"sub": None, "sid": ["s-1"]},
}
FORGED: dict[str, dict[str, Any]] = {
    "by another key": {"key": OTHER},
    "by a key of another kind": {"key": RSA, "header": HEADER | {"alg": "RS256"}},
    "by an algorithm that is not taken": {"key": RSA, "header": HEADER | {"alg": "PS256"}},
    "by a secret": {"key": OctKey.import_key("s" * 32), "header": HEADER | {"alg": "HS256"}},
    "by a key that is not known": {"header": HEADER | {"kid": "other"}},
    "by a key without a name": {"header": {"alg": "ES256", "typ": "logout+jwt"}},
    "as an access token": {"header": HEADER | {"typ": "at+jwt"}},
    "with an address of keys": {"header": HEADER | {"jku": "https://evil.example/keys"}},
    "with a key of its own": {"key": OTHER, "header": HEADER | {"jwk": dict(OTHER.as_dict(private=False))}},
}


@pytest.mark.parametrize("changes", [*CLAIMS.values(), *FORGED.values()], ids=[*CLAIMS, *FORGED])
def test_not_believed(
    signed_in: Callable[..., Any], token: Callable[..., str], browser_of: Any, changes: dict[str, Any]
) -> None:
    """What is no logout token of our provider for us ends nothing, and is a 400 as the specification has it."""
    browser = signed_in(sid="s-1")
    answer = browser_of.post(WHERE, data={"logout_token": token(**changes)})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.headers["cache-control"] == "no-store"
    assert is_in(browser)


def part(held: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(held).encode()).rstrip(b"=").decode()


def test_no_token_or_a_changed_one(
    signed_in: Callable[..., Any],
    token: Callable[..., str],
    claims: Callable[..., dict[str, Any]],
    provider: Any,
    browser_of: Any,
    store: Store,
) -> None:
    """None, two, unsigned, signed by the public key as a secret, changed, or an ID token: nothing ends."""
    browser = signed_in(sid="s-1")
    sound = token(sid="s-1")
    head, _, signature = sound.split(".")
    public = json.dumps(dict(provider.key.as_dict(private=False))).encode()
    confused = jws.serialize_compact(
        HEADER | {"alg": "HS256"}, json.dumps(claims()).encode(), OctKey.import_key(public), algorithms=["HS256"]
    )
    provider.changes = {"sid": "s-1"}
    _, id_token = provider.post(f"{ISSUER}/token", {}, {})
    attacks: list[Any] = [
        {},
        {"logout_token": ""},
        {"logout_token": "x"},
        {"logout_token": "x" * 9000},
        {"logout_token": [sound, sound]},
        {"logout_token": f"{part({'alg': 'none', 'kid': 'k'})}.{part(claims())}."},
        {"logout_token": f"{head}.{part(claims(sub='u-1'))}.{signature}"},
        {"logout_token": sound[:-6] + "AAAAAA"},
        {"logout_token": confused},
        {"logout_token": id_token["id_token"]},
        {"id_token": sound},
    ]
    for sent in attacks:
        assert browser_of.post(WHERE, data=sent).status_code in (400, 415), sent
    assert browser_of.post(WHERE, json={"logout_token": sound}).status_code == 415
    assert browser_of.post(WHERE, params={"logout_token": sound}).status_code == 415
    assert browser_of.get(WHERE, params={"logout_token": sound}).status_code == 405
    assert browser_of.post(WHERE, data={"logout_token": "x" * 20_000}).status_code == 413
    assert is_in(browser)
    refused = records(store, "denied")
    assert refused[0]["detail"]["address"] == f"POST {WHERE}"
    assert len(refused) < len(attacks)  # of who is not known one record a second
    assert browser_of.post(WHERE, data={"logout_token": sound}).status_code == 200
    assert not is_in(browser)


def test_it_counts_once(signed_in: Callable[..., Any], token: Callable[..., str], replica: Callable[[], Any]) -> None:
    """A token that was used ends nothing again, at this replica or another: who logged in anew stays so."""
    signed_in()
    sound = token()
    assert replica().post(WHERE, data={"logout_token": sound}).status_code == 200
    anew = signed_in()
    for _ in range(2):
        answer = replica().post(WHERE, data={"logout_token": sound})
        assert (answer.status_code, "used before" in answer.json()["error_description"]) == (400, True)
    assert is_in(anew)


def test_each_kind_of_database(any_store: Store, clock: Any) -> None:
    """On SQLite and PostgreSQL alike: who is signed in is told, ended by others, and a logout token counts once."""
    sessions = Sessions(any_store, Lifetimes(), lambda _: True)
    who = LOCAL.model_copy(update={"issuer": ISSUER, "subject": "u-1", "organisation": "St Example"})
    actor = Actor(who, "10.0.0.7")
    kept = [sessions.begin(actor, clock(), sid=sid) for sid in ("s-1", "s-2", None)]
    (one,) = sessions.people("St Example", clock())
    assert (one.sessions, one.account.subject, sessions.people("Other Trust", clock())) == (3, "u-1", ())
    token = LogoutToken(ISSUER, "j-1", int(clock().timestamp()) + 120, "u-1", "s-1")
    assert sessions.end_by_provider(token, "10.0.0.8", clock()) == 2
    with pytest.raises(NotAuthenticated, match="used before"):
        sessions.end_by_provider(token, "10.0.0.8", clock())
    assert sessions.find(kept[1], clock()).subject == "u-1"
    with pytest.raises(NotFound):
        sessions.end_of(one.who, "Other Trust", OPERATOR, "left", clock())
    assert sessions.end_of(one.who, "St Example", OPERATOR, "left", clock()) == 1
    for session in kept:
        with pytest.raises(NotAuthenticated):
            sessions.find(session, clock())
    with any_store.reading() as connection, any_store.reading() as beside:
        assert verify(connection, beside, (), any_store.ring).findings == ()
