"""Keys of issuers: found by discovery, cached, rotated, and never weak, private or from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from data_contracts.errors import BadInput, NotReady, Refused
from service.access.access_file import FORMAT, read_access
from service.access.issuer_keys import FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, FiledKeys, ProvidedKeys

WHERE = "https://login.example.org"
DISCOVERY, KEYS = f"{WHERE}/.well-known/openid-configuration", f"{WHERE}/keys"


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def key_set(*kids: str) -> dict[str, Any]:
    made = []
    for kid in kids:
        made.append(ECKey.generate_key("P-256").as_dict(private=False) | {"kid": kid})
    return {"keys": made}


def test_keys_are_cached_and_fetched_again(web: Any, clock: Clock) -> None:
    """Many tokens cost one fetch; after ten minutes the provider is asked again, and a withdrawn key is gone."""
    keys = ProvidedKeys(WHERE, web, clock)
    web.pages[KEYS] = key_set("a", "b")
    for _ in range(50):
        assert keys.find("a")
    assert web.asked == [DISCOVERY, KEYS]
    web.pages[KEYS] = key_set("b")
    clock.now += FRESH_SECONDS + 1
    assert keys.find("a") == ()
    assert keys.find("b")


def test_a_new_key_is_found_at_once(web: Any, clock: Clock) -> None:
    """A provider that rotates its keys is asked when a new key id comes, even where its key set has moved."""
    keys = ProvidedKeys(WHERE, web, clock)
    web.pages[KEYS] = key_set("a")
    assert keys.find("a")
    web.pages[DISCOVERY] = {"issuer": WHERE, "jwks_uri": f"{WHERE}/moved"}
    web.pages[f"{WHERE}/moved"] = key_set("c")
    clock.now += PAUSE_SECONDS + 1
    assert keys.find("c")


def test_made_up_key_ids_do_not_flood_the_provider(web: Any, clock: Clock) -> None:
    """A thousand tokens with unknown key ids cost at most one fetch in ten seconds."""
    keys = ProvidedKeys(WHERE, web, clock)
    web.pages[KEYS] = key_set("a")
    for number in range(1000):
        assert keys.find(f"made-up-{number}") == ()
    assert len(web.asked) == 2


def test_a_provider_that_is_away(web: Any, clock: Clock) -> None:
    """While a provider cannot be asked its last keys hold for an hour; then, or without any, nobody is believed."""
    keys = ProvidedKeys(WHERE, web, clock)
    web.pages[KEYS] = httpx.ConnectError("away")
    with pytest.raises(NotReady):
        keys.find("a")
    web.pages[KEYS] = key_set("a")
    clock.now += PAUSE_SECONDS + 1
    assert keys.find("a")
    web.pages[DISCOVERY] = httpx.ConnectError("away")
    clock.now += STALE_SECONDS - 1
    assert keys.find("a")
    clock.now += PAUSE_SECONDS + 1
    with pytest.raises(NotReady):
        keys.find("a")


BAD_DISCOVERY = {
    "another issuer": {"issuer": "https://evil.example.org", "jwks_uri": KEYS},
    "keys over plain HTTP": {"issuer": WHERE, "jwks_uri": "http://login.example.org/keys"},
    "keys in a file": {"issuer": WHERE, "jwks_uri": "file:///etc/passwd"},
    "no keys": {"issuer": WHERE},
    "a list": [],
    "text": "no",
}


@pytest.mark.parametrize("case", BAD_DISCOVERY)
def test_discovery_that_is_not_believed(web: Any, clock: Clock, case: str) -> None:
    """A discovery document of another issuer, or one that names keys where they could be forged, gives no keys."""
    web.pages |= {DISCOVERY: BAD_DISCOVERY[case], KEYS: key_set("a"), "http://login.example.org/keys": key_set("a")}
    with pytest.raises(NotReady):
        ProvidedKeys(WHERE, web, clock).find("a")
    assert "http://login.example.org/keys" not in web.asked


def test_only_keys_that_sign_are_taken(web: Any, clock: Clock) -> None:
    """Of a provider's set, secrets, weak keys, keys to encrypt and what is no key are left out, the rest is used."""
    weak = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": "w" * 171}
    secret = OctKey.generate_key(256).as_dict() | {"kid": "secret"}
    encrypts = key_set("enc")["keys"][0] | {"use": "enc"}
    private = ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "private"}
    off_curve = key_set("off")["keys"][0] | {"x": "A" * 43}
    web.pages[KEYS] = {"keys": [weak, secret, encrypts, private, off_curve, None, {}, *key_set("good")["keys"]]}
    keys = ProvidedKeys(WHERE, web, clock)
    assert keys.find("good")
    for kid in ("weak", "secret", "enc", "private", "off"):
        assert keys.find(kid) == ()


BAD_FILES = {
    "none": None,
    "no JSON": "no",
    "no keys": '{"keys": []}',
    "a private key": json.dumps({"keys": [RSAKey.generate_key(2048).as_dict(private=True) | {"kid": "a"}]}),
    "a key without a name": json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}),
    "a secret": json.dumps({"keys": [OctKey.generate_key(256).as_dict() | {"kid": "a"}]}),
    "a list": "[]",
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_of_keys_that_is_none(tmp_path: Path, case: str) -> None:
    """A file with a private, weak or nameless key, or with none, is refused before anybody is served."""
    content = BAD_FILES[case]
    if content is not None:
        (tmp_path / "keys.json").write_text(content)
    with pytest.raises(BadInput):
        FiledKeys(tmp_path / "keys.json")


def test_the_format_shown_is_valid(tmp_path: Path) -> None:
    """The access file that a refusal shows can be copied as it is; files of keys are looked for beside it."""
    (tmp_path / "access.yaml").write_text(FORMAT)
    access = read_access(tmp_path / "access.yaml")
    assert access.issuers[1].keys == tmp_path / "record-system.jwks.json"
    assert [issuer.single_use for issuer in access.issuers] == [False, True]


BAD_ACCESS = {
    "nothing": "",
    "no issuer": "audience: a\nissuers: []",
    "plain HTTP": FORMAT.replace("https://login", "http://login"),
    "a query": FORMAT.replace("login.example.org ", "login.example.org?x=1 "),
    "a password": FORMAT.replace("https://login", "https://me:pw@login"),
    "an unknown role": FORMAT.replace("auditor", "superuser"),
    "no role": FORMAT.replace("[clinician, auditor]", "[]"),
    "an unknown key": FORMAT.replace("single_use", "single-use"),
    "an issuer twice": FORMAT.replace("record-system.example.org ", "login.example.org "),
    "no audience": FORMAT.replace("audience:", "# audience:"),
}


@pytest.mark.parametrize("case", BAD_ACCESS)
def test_access_files_that_are_none(tmp_path: Path, case: str) -> None:
    """A misspelt or open-hearted access file is refused at the start, and told."""
    assert BAD_ACCESS[case] != FORMAT
    (tmp_path / "access.yaml").write_text(BAD_ACCESS[case])
    with pytest.raises(BadInput):
        read_access(tmp_path / "access.yaml")


def test_without_an_access_file() -> None:
    """Without one the refusal names the variable and shows the form, and the way for one's own machine."""
    with pytest.raises(Refused, match=r"EQUIPOISE_ACCESS[^$]*issuers:[^$]*--local"):
        read_access(None)
