"""A provider that nobody here wrote (npm's oidc-provider): its login form in a real browser, its tokens, its keys."""

from __future__ import annotations

import html
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from joserfc.jwk import ECKey
from playwright.sync_api import expect
from pydantic import SecretStr

from data_contracts.errors import NotAuthenticated
from service.access import issuer_keys
from service.access.access_file import AccessFile
from service.access.authentication import identify_by_token
from service.access.id_token import verify_id_token
from service.access.identity import principal_of
from service.access.issuer_keys import ProvidedKeys
from service.access.spent_tokens import SpentTokens
from service.sessions.attempt import new_attempt
from service.sessions.client import Client
from service.sessions.code_flow import authorization_address, redeemed, returned_code
from service.sessions.cookie import SESSION
from service.sessions.provider import KnownProvider
from service.storage.store import Store

PROVIDER = Path(__file__).parent / "provider"
AUDIENCE = "https://equipoise.example.org"
SHARED = "known to both"
PEOPLE = {
    "ada": {"name": "Dr A. Mbeki", "roles": ["clinician"], "licence": "GMC 1234567"},
    "ann": {"name": "A. Nalyst", "roles": ["analyst"]},
    "kim": {"name": "K. Adler", "roles": ["administrator"]},
    "bob": {"name": "B. Visitor", "roles": ["receptionist"]},
}
KEY = ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "ours"})


@dataclass
class Running:
    """The provider's process.

    Attributes:
        issuer: its address.
        process: what to signal.
        redirect: where it sends browsers back to.
    """

    issuer: str
    process: subprocess.Popen[str]
    redirect: str

    def client(self, name: str) -> Client:
        """Us, with a secret or with a key."""
        return Client(name, SecretStr(SHARED)) if name == "equipoise" else Client(name, key=KEY)

    def tokens(self, person: str, name: str = "equipoise", audience: str = AUDIENCE) -> tuple[dict[str, Any], str]:
        """The whole code flow, its forms sent as a browser sends them: what the provider gives, and the nonce."""
        provider, client = KnownProvider(self.issuer)(), self.client(name)
        attempt, scopes = new_attempt("/", datetime.now(UTC)), "openid profile"
        extra = {"resource": audience, "prompt": "consent"}
        where = authorization_address(provider, client, attempt, self.redirect, scopes, extra)
        back = dict(parse_qsl(urlsplit(signed_in(where, person, self.redirect)).query))
        assert back["state"] == attempt.state
        code = returned_code(back, provider)
        given = redeemed(code, provider, client, attempt, self.redirect, int(time.time()))
        with pytest.raises(NotAuthenticated, match="invalid_grant"):
            redeemed(code, provider, client, attempt, self.redirect, int(time.time()))
        return dict(given), attempt.nonce


def signed_in(where: str, person: str, redirect: str) -> str:
    """Send the provider's forms until it leads back to us; that address."""
    with httpx.Client(timeout=60) as browser:
        answer = browser.get(where)
        for _ in range(12):
            if answer.is_redirect:
                where = urljoin(str(answer.url), answer.headers["location"])
                if where.startswith(redirect):
                    return where
                answer = browser.get(where)
                continue
            assert answer.status_code == 200, answer.text
            action = html.unescape(re.findall(r'action="([^"]+)"', answer.text)[0])
            kind = re.findall(r'name="prompt" value="([^"]+)"', answer.text)[0]
            # pragma: allowlist nextline secret
            sent = {"prompt": kind, "login": person, "password": "any"}
            answer = browser.post(urljoin(str(answer.url), action), data=sent)
    raise AssertionError("the provider never led back")


@pytest.fixture(scope="module")
def installed() -> None:
    """The provider's packages, as the lock has them; without npm or a registry what needs it is a counted skip."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no npm here; Debian: apt-get install npm")
    if not (PROVIDER / "node_modules" / "oidc-provider").is_dir():
        done = subprocess.run([npm, "ci"], cwd=PROVIDER, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip("the provider's packages cannot be installed here (npm ci)")


@pytest.fixture(scope="module")
def port(held_port: Callable[[], int]) -> int:
    """A port for the service: the provider has to know it first."""
    return held_port()


@pytest.fixture(scope="module")
def provider(installed: None, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    redirect = f"http://127.0.0.1:{port}/login/callback"
    shared = {"redirect_uris": [redirect], "response_types": ["code"], "grant_types": ["authorization_code"]}
    told = f"http://127.0.0.1:{port}/login/back-channel-logout"
    shared |= {"backchannel_logout_uri": told, "backchannel_logout_session_required": True}
    signs = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY.as_dict(private=False)]}}
    clients = [
        shared | {"client_id": "equipoise", "client_secret": SHARED},
        shared | {"client_id": "signs", **signs, "token_endpoint_auth_signing_alg": "ES256"},
    ]
    settings = tmp_path_factory.mktemp("provider") / "settings.json"
    settings.write_text(json.dumps({"clients": clients, "people": PEOPLE}))
    with (settings.with_name("err")).open("w") as said:
        command = ["node", "server.mjs", str(settings), "0"]
        process = subprocess.Popen(command, cwd=PROVIDER, stdout=subprocess.PIPE, stderr=said, text=True)
    assert process.stdout is not None
    issuer = next((line.strip() for line in process.stdout if line.startswith("http")), "")
    assert issuer, settings.with_name("err").read_text()
    yield Running(issuer, process, redirect)
    process.terminate()
    process.communicate(timeout=60)


def access_of(issuer: str) -> AccessFile:
    """Whom the service believes."""
    rest = {"roles": ["clinician", "analyst", "administrator"], "organisations": ["St Example"], "single_use": False}
    return AccessFile.model_validate({"audience": AUDIENCE, "issuers": [{"issuer": issuer, **rest}]})


@pytest.fixture
def service(
    provider: Running, port: int, policy_folder: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """`equipoise serve`, told of the provider by its settings alone."""
    (tmp_path / "contacts.yaml").write_text('- {name: Crisis line, phone: "+00 000 000", when: day and night}\n')
    (tmp_path / "access.yaml").write_text(access_of(provider.issuer).model_dump_json())
    base = f"http://127.0.0.1:{port}"
    settings = {
        "CONTACTS": str(tmp_path / "contacts.yaml"),
        "ACCESS": str(tmp_path / "access.yaml"),
        "PUBLIC_URL": base,
        "LOGIN_ISSUER": provider.issuer,
        "LOGIN_CLIENT_ID": "equipoise",
        "LOGIN_CLIENT_SECRET": SHARED,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"EQUIPOISE_{name}", value)
    command = [sys.executable, "-m", "service", "serve", "--policy", str(policy_folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert base in process.stdout.readline(), process.stderr and process.stderr.read()
    yield base
    process.terminate()
    process.communicate(timeout=60)


def test_a_person_logs_in_and_out_in_a_real_browser(browser: Any, service: str, provider: Running) -> None:
    """From a page to the provider's form, back there under one's own name, and out; its tokens are bearers' too."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{service}/studies?page_number=1")
    assert tab.url.startswith(f"{provider.issuer}/interaction/")
    fill(tab, "ann")
    expect(tab).to_have_url(f"{service}/studies?page_number=1")
    assert tab.locator(".who bdi").inner_text() == "A. Nalyst"
    (cookie,) = [one for one in context.cookies() if one["name"] == SESSION]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert SESSION not in tab.evaluate("document.cookie")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab).to_have_url(f"{service}/logout")
    context.add_cookies([cookie])
    tab.goto(f"{service}/studies")
    assert tab.locator(".who bdi").inner_text() == "A. Nalyst"  # the provider still knows them: a new session
    assert next(one["value"] for one in context.cookies() if one["name"] == SESSION) != cookie["value"]
    context.close()
    with browser.new_context() as other:
        tab = other.new_page()
        tab.goto(f"{service}/")
        fill(tab, "bob")
        expect(tab).to_have_url(re.compile(f"^{service}/login/callback"))
        expect(tab.locator("main")).to_contain_text("no role")
        assert SESSION not in {one["name"] for one in other.cookies()}
    bearer = {"Authorization": f"Bearer {provider.tokens('ann')[0]['access_token']}"}
    assert httpx.get(f"{service}/v1/studies", headers=bearer, timeout=60).status_code == 200


def test_who_logs_out_at_the_provider_is_out_here(browser: Any, service: str, provider: Running) -> None:
    """The provider's own logout token ends the session that came of its session, and not the person's other one."""
    here, there = browser.new_context(), browser.new_context()
    for context in (here, there):
        tab = context.new_page()
        tab.goto(f"{service}/studies")
        fill(tab, "ann")
        expect(tab.locator(".who bdi")).to_have_text("A. Nalyst")
    cookies = [{one["name"]: one["value"] for one in context.cookies()}[SESSION] for context in (here, there)]
    tab = here.new_page()
    tab.goto(f"{provider.issuer}/session/end")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Yes").click()
    answers = [
        httpx.get(f"{service}/v1/studies", headers={"Cookie": f"{SESSION}={cookie}"}, timeout=60).status_code
        for cookie in cookies
    ]
    assert answers == [401, 200]
    here.close()
    there.close()


def test_an_administrator_ends_sessions_in_a_real_browser(browser: Any, service: str) -> None:
    """By the page's own form, and without a fault of accessibility: the next click of who was signed in leads out."""
    hers, his = browser.new_context(), browser.new_context()
    tab, admin = hers.new_page(), his.new_page()
    tab.goto(f"{service}/studies")
    fill(tab, "ann")
    admin.goto(f"{service}/oversight")
    fill(admin, "kim")
    with admin.expect_navigation():
        admin.get_by_role("link", name="Sessions").click()
    assert Axe().run(admin).response["violations"] == []
    card = admin.locator("section.card", has=admin.get_by_role("heading", name="A. Nalyst"))
    card.get_by_label("Why they end").select_option("device_lost")
    card.get_by_role("button").click()
    expect(admin.get_by_role("heading", name="A. Nalyst")).to_have_count(0)
    expect(admin.get_by_role("heading", name="K. Adler")).to_be_visible()
    cookie = {one["name"]: one["value"] for one in hers.cookies()}[SESSION]
    assert httpx.get(f"{service}/v1/studies", headers={"Cookie": f"{SESSION}={cookie}"}, timeout=60).status_code == 401
    for context in (hers, his):
        context.close()


def fill(tab: Any, person: str) -> None:
    """Fill the provider's forms, of login and of consent."""
    tab.locator("input[name=login]").fill(person)
    tab.locator("input[name=password]").fill("any")
    for _ in ("login", "consent"):
        with tab.expect_navigation():
            tab.locator("button[type=submit]").click()


def test_its_tokens_are_bearers_and_both_proofs_are_taken(provider: Running, store: Store) -> None:
    """A secret and a key each redeem a code once; the ID token names the clinician, the access token is a bearer's."""
    access = access_of(provider.issuer)
    keys = ProvidedKeys(provider.issuer)
    for name in ("equipoise", "signs"):
        given, nonce = provider.tokens("ada", name)
        held = verify_id_token(given["id_token"], access.issuers[0], keys, name, nonce, int(time.time()))
        who = principal_of(access.issuers[0], held)
        assert (who.subject, who.name, who.licence, set(who.roles)) == (
            "ada",
            "Dr A. Mbeki",
            "GMC 1234567",
            {"clinician"},
        )
        identify = identify_by_token(
            access, {provider.issuer: keys}, SpentTokens(store.engine), lambda: datetime.now(UTC)
        )
        assert identify([f"Bearer {given['access_token']}"]) == who
        with pytest.raises(NotAuthenticated, match="another program"):
            verify_id_token(given["id_token"], access.issuers[0], keys, "another", nonce, int(time.time()))
        with pytest.raises(NotAuthenticated, match="another login"):
            verify_id_token(given["id_token"], access.issuers[0], keys, name, nonce[::-1], int(time.time()))
        for token in (given["id_token"], given["access_token"][:-4] + "AAAA"):
            with pytest.raises(NotAuthenticated):
                identify([f"Bearer {token}"])


def test_tokens_that_are_refused(provider: Running, store: Store) -> None:
    """A token for another audience, of an issuer that is not believed, or that has expired, is refused."""
    access, keys = access_of(provider.issuer), {provider.issuer: ProvidedKeys(provider.issuer)}
    now = datetime.now(UTC)
    good = [f"Bearer {provider.tokens('ada')[0]['access_token']}"]
    other = [f"Bearer {provider.tokens('ada', audience='https://other.example.org')[0]['access_token']}"]

    def identify(headers: list[str], access: AccessFile = access, later: timedelta = timedelta()) -> Any:
        held = {one.issuer: keys.get(one.issuer, keys[provider.issuer]) for one in access.issuers}
        return identify_by_token(access, held, SpentTokens(store.engine), lambda: now + later)(headers)

    assert identify(good).name == "Dr A. Mbeki"
    for reason, refused in (
        ("aud", lambda: identify(other)),
        ("iss", lambda: identify(good, access_of("https://login.example.org"))),
        ("expired", lambda: identify(good, later=timedelta(minutes=11))),
        ("not valid yet", lambda: identify(good, later=timedelta(minutes=-2))),
    ):
        with pytest.raises(NotAuthenticated, match=reason):
            refused()


def test_its_signing_key_is_rotated(provider: Running, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is believed at its first token, without a restart; the old one's tokens are not from then on."""
    monkeypatch.setattr(issuer_keys, "PAUSE_SECONDS", 0)
    access, keys = access_of(provider.issuer), ProvidedKeys(provider.issuer)
    identify = identify_by_token(access, {provider.issuer: keys}, SpentTokens(store.engine), lambda: datetime.now(UTC))
    old = [f"Bearer {provider.tokens('ada')[0]['access_token']}"]
    assert identify(old).subject == "ada"
    before = kids(provider)
    provider.process.send_signal(signal.SIGUSR2)
    deadline = time.monotonic() + 60
    while kids(provider) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    new = [f"Bearer {provider.tokens('ada')[0]['access_token']}"]
    assert identify(new).subject == "ada"
    with pytest.raises(NotAuthenticated, match="no key of its issuer"):
        identify(old)


def kids(provider: Running) -> set[str]:
    """Names of the provider's keys."""
    return {one["kid"] for one in httpx.get(f"{provider.issuer}/jwks", timeout=60).json()["keys"]}


def test_the_lock_names_no_registry() -> None:
    """What is installed is fixed by hashes, from whatever registry the machine uses."""
    held = json.loads((PROVIDER / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in one for one in held.values())
    assert all(one["integrity"].startswith("sha512-") for name, one in held.items() if name)
