"""What a deployment says of logging in: whole or not at all, and what is missing is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from data_contracts.errors import BadUsage, NotReady
from service.access.access_file import AccessFile
from service.serve import read_whom_to_believe
from service.sessions.client import Client
from service.sessions.login import login_of
from service.sessions.provider import KnownProvider, Provider, read_provider
from service.sessions.setting import CLIENT_ID, CLIENT_PROOF, CLIENT_SIGNS, IDLE, ISSUER, SCOPES, WHOLE
from service.settings import read_settings

WHERE, KNOWN = "https://login.example.org", "known to both"
SOUND = {ISSUER: WHERE, CLIENT_ID: "equipoise", CLIENT_PROOF: KNOWN}
ACCESS = AccessFile.model_validate(
    {"audience": "a", "issuers": [{"issuer": WHERE, "roles": ["clinician"], "organisations": ["St Example"]}]}
)


def test_a_sound_one_hides_its_secret() -> None:
    """What is read says nothing of the secret; without any of it nobody logs in."""
    setting = read_settings(SOUND).login
    assert setting is not None
    assert KNOWN not in repr(read_settings(SOUND))
    assert (setting.issuer, setting.client.id, setting.scopes) == (WHERE, "equipoise", "openid profile")
    assert read_settings({}).login is None


BAD: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a client alone": ({CLIENT_ID: "x"}, (ISSUER, CLIENT_PROOF, CLIENT_SIGNS)),
    "an issuer alone": ({ISSUER: WHERE}, (CLIENT_ID, CLIENT_PROOF, CLIENT_SIGNS)),
    "both proofs": (SOUND | {CLIENT_SIGNS: "key.json"}, (CLIENT_PROOF, CLIENT_SIGNS)),
    "no such key": ({ISSUER: WHERE, CLIENT_ID: "x", CLIENT_SIGNS: "/nowhere"}, (CLIENT_SIGNS, "kid")),
    "no openid": (SOUND | {SCOPES: "profile"}, (SCOPES, "openid")),
    "no time": (SOUND | {IDLE: "0"}, (IDLE,)),
    "for ever": (SOUND | {WHOLE: "1441"}, (WHOLE,)),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_missing_is_named(case: str) -> None:
    """An incomplete or contradictory setting keeps the service from starting, and says which variable to set."""
    environment, named = BAD[case]
    with pytest.raises(BadUsage) as told:
        read_settings(environment)
    assert all(name in str(told.value) for name in named)


def test_a_provider_that_nobody_trusts() -> None:
    """The provider is one of the access file's, at an encrypted address, and none of local mode's."""
    setting = read_settings(SOUND | {ISSUER: "https://another.example.org"}).login
    assert setting is not None
    with pytest.raises(BadUsage, match="EQUIPOISE_ACCESS"):
        login_of(setting, ACCESS, "https://equipoise.example.org")
    sound = read_settings(SOUND).login
    assert sound is not None
    with pytest.raises(BadUsage, match="EQUIPOISE_PUBLIC_URL"):
        login_of(sound, ACCESS, "http://equipoise.example.org")
    assert login_of(sound, ACCESS, "http://127.0.0.1:8000").redirect == "http://127.0.0.1:8000/login/callback"
    with pytest.raises(BadUsage, match=ISSUER):
        read_whom_to_believe(read_settings(SOUND), local=True)


PLACES: dict[str, Any] = {
    "authorization_endpoint": f"{WHERE}/auth",
    "token_endpoint": f"{WHERE}/token",
    "issuer": WHERE,
}


@pytest.mark.parametrize("kind", ["RS256", "RS384", "ES256", "ES384"])
def test_a_client_that_signs(tmp_path: Path, kind: str) -> None:
    """A key file proves the client by a short-lived assertion for the token endpoint, by what the provider takes."""
    made: Any = RSAKey.generate_key(2048) if kind[0] == "R" else ECKey.generate_key(f"P-{kind[2:]}")
    (tmp_path / "key.json").write_text(json.dumps(made.as_dict(private=True) | {"kid": "k"}))
    setting = read_settings({ISSUER: WHERE, CLIENT_ID: "me", CLIENT_SIGNS: str(tmp_path / "key.json")}).login
    assert setting is not None
    provider = read_provider(PLACES | {"token_endpoint_auth_signing_alg_values_supported": [kind]}, WHERE)
    fields, headers = setting.client.proof(provider, 1000)
    token = jwt.decode(fields["client_assertion"], made, algorithms=[kind])
    assert (token.header["alg"], token.header["kid"], headers) == (kind, "k", {})
    assert {
        "iss": "me",
        "sub": "me",
        "aud": f"{WHERE}/token",
        "iat": 1000,
        "exp": 1060,
    }.items() <= token.claims.items()
    with pytest.raises(NotReady):
        setting.client.proof(Provider(WHERE, "a", f"{WHERE}/token", algorithms=("PS512",)), 1000)


def test_a_secret_in_the_body() -> None:
    """A provider that takes no Basic authentication gets the secret in the body."""
    setting = read_settings(SOUND).login
    assert setting is not None
    provider = read_provider(PLACES | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}, WHERE)
    assert setting.client.proof(provider, 0) == ({"client_id": "equipoise", "client_secret": KNOWN}, {})
    assert Client("me").proof(provider, 0) == ({"client_id": "me"}, {})


BAD_DOCUMENTS = {
    "another issuer": PLACES | {"issuer": "https://evil.example.org"},
    "an open door": PLACES | {"token_endpoint": "http://login.example.org/token"},
    "nowhere to go": {"issuer": WHERE},
    "a list": [],
}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_a_provider_that_says_something_else(case: str) -> None:
    """A discovery document of another, or with an address that is not encrypted, sends nobody anywhere."""
    with pytest.raises(NotReady):
        KnownProvider(WHERE, lambda _: BAD_DOCUMENTS[case])()


def test_a_provider_is_asked_seldom_and_may_be_away_for_a_while() -> None:
    """It is asked again after ten minutes, and what it said last holds for an hour while it is away."""
    asked, now = [], [0.0]

    def fetch(address: str) -> Any:
        asked.append(address)
        if len(asked) > 1:
            raise ValueError
        return PLACES

    known = KnownProvider(WHERE, fetch, lambda: now[0])
    assert known() == known()
    assert asked == [f"{WHERE}/.well-known/openid-configuration"]
    now[0] = 3599
    assert known().token == f"{WHERE}/token"
    now[0] = 3611
    with pytest.raises(NotReady, match="Try again"):
        known()
    assert len(asked) == 3
