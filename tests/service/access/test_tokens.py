"""Bearer tokens: what is believed, and every way of forging, bending, ageing or replaying one that is not."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from joserfc import jws

from data_contracts.errors import NotAuthenticated, NotPermitted
from service.access.authentication import Identify, bearer_token
from service.access.token import SKEW_SECONDS

AUDIENCE, NOW, JKU = "https://equipoise.example.org", 1_800_000_000, "https://ehr.example.org/jwks.json"
"""As in the fixtures."""


def segment(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(who: Any, algorithm: str, signature: str = "") -> str:
    return f"{segment(who.header(alg=algorithm))}.{segment(who.claims())}.{signature}"


def by_secret(who: Any, algorithm: str, secret: bytes) -> str:
    """The classic confusion: the public key, which everybody has, used as the secret of an HMAC."""
    told = f"{segment(who.header(alg=algorithm))}.{segment(who.claims())}"
    digest = f"sha{algorithm.removeprefix('HS')}"  # by hand: the library rightly will not
    return f"{told}.{segment(hmac.new(secret, told.encode(), digest).digest())}"


def public_pem(who: Any) -> bytes:
    return bytes(who.key.as_pem(private=False))


def tampered(who: Any, **changes: Any) -> str:
    """Other claims under a signature that was made for sound ones."""
    header, _, signature = who.token().split(".")
    return f"{header}.{segment(who.claims(**changes))}.{signature}"


def zero_signature(who: Any) -> str:
    header, claims, _ = who.token().split(".")
    return f"{header}.{claims}.{segment(bytes(96))}"


def der_signature(who: Any) -> str:
    """A signature in the other encoding, as OpenSSL writes it."""
    header, claims, signature = who.token().split(".")
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
    return f"{header}.{claims}.{segment(der)}"


def raw_payload(who: Any, payload: bytes) -> str:
    signed = jws.serialize_compact(who.header(), payload, who.key, algorithms=[who.algorithm])
    return signed if isinstance(signed, str) else signed.decode()


def with_header(who: Any, other: Any | None = None, **changes: Any) -> str:
    """A token whose header says more, properly signed by whoever is named."""
    signer = other or who
    registry = jws.JWSRegistry(algorithms=[signer.algorithm], strict_check_header=False)
    header = who.header(**changes)
    try:
        made = jws.serialize_compact(header, json.dumps(who.claims()).encode(), signer.key, registry=registry)
    except Exception:  # the library itself will not make it: built by hand, with its signature
        head, body = segment(header), segment(who.claims())
        plain = jws.serialize_compact(signer.header(), b"x", signer.key, algorithms=[signer.algorithm])
        return f"{head}.{body}.{plain.rpartition('.')[2]}"
    return made if isinstance(made, str) else made.decode()


class Signers(NamedTuple):
    """The record system (e), the provider (p), the sessions' provider (s) and Mallory (m)."""

    e: Any
    p: Any
    s: Any
    m: Any


Forge = Callable[[Signers], str]
"""Makes a token of theirs."""

ATTACKS: dict[str, Forge] = {
    "no signature, none": lambda t: unsigned(t.e, "none"),
    "no signature, nOnE": lambda t: unsigned(t.e, "nOnE"),
    "no signature, empty alg": lambda t: unsigned(t.e, ""),
    "no signature under ES384": lambda t: unsigned(t.e, "ES384"),
    "HS256 with the public key as secret": lambda t: by_secret(t.p, "HS256", public_pem(t.p)),
    "HS384 with the public key as secret": lambda t: by_secret(t.e, "HS384", public_pem(t.e)),
    "HS512 with an empty-looking secret": lambda t: by_secret(t.e, "HS512", b"\0" * 64),
    "HS256 with the key set as secret": lambda t: by_secret(t.p, "HS256", json.dumps(t.p.public()).encode()),
    "an ES384 signature said to be HS384": lambda t: (
        f"{segment(t.e.header(alg='HS384'))}.{t.e.token().partition('.')[2]}"
    ),
    "RS512, which is not on the list": lambda t: t.p.token(t.p.header(alg="RS512")),
    "PS256, which is not on the list": lambda t: t.p.token(t.p.header(alg="PS256")),
    "alg and key that do not fit": lambda t: f"{segment(t.p.header(alg='ES256'))}.{t.p.token().partition('.')[2]}",
    "a curve of another algorithm": lambda t: f"{segment(t.e.header(alg='ES256'))}.{t.e.token().partition('.')[2]}",
    "alg as a list": lambda t: f"{segment(t.e.header(alg=['ES384']))}.{t.e.token().partition('.')[2]}",
    "signed by another's key under the right kid": lambda t: t.m.token(),
    "signed by another trusted issuer": lambda t: t.p.token(iss=t.e.name),
    "another trusted issuer's kid": lambda t: t.e.token(t.e.header(kid=t.p.key.kid)),
    "no kid": lambda t: t.e.token(t.e.header(kid=None)),
    "unknown kid": lambda t: t.e.token(t.e.header(kid="ehr-2")),
    "kid as a path": lambda t: with_header(t.e, t.m, kid="../../../../dev/null"),
    "kid as SQL": lambda t: with_header(t.e, t.m, kid="x' UNION SELECT 'key"),
    "kid as a number": lambda t: with_header(t.e, kid=1),
    "its own key embedded": lambda t: with_header(t.e, t.m, jwk=t.m.public()["keys"][0]),
    "its own certificate embedded": lambda t: with_header(t.e, t.m, x5c=["MIIB"]),
    "address of its own certificate": lambda t: with_header(t.e, t.m, x5u="https://evil.example.org/c.pem"),
    "address of its own keys": lambda t: with_header(t.e, t.m, jku="https://evil.example.org/jwks.json"),
    "an address that begins as the known one": lambda t: with_header(t.e, t.m, jku=JKU + ".evil.example.org"),
    "the known address before an @": lambda t: with_header(t.e, t.m, jku="https://ehr.example.org@evil.org/"),
    "the known address, another's key": lambda t: with_header(t.e, t.m, jku=JKU),
    "the record system's address at a provider": lambda t: with_header(t.p, jku=JKU),
    "a critical extension": lambda t: with_header(t.e, crit=["x"], x=1),
    "an unencoded payload": lambda t: with_header(t.e, crit=["b64"], b64=False),
    "compressed": lambda t: with_header(t.e, zip="DEF"),
    "an unknown header parameter": lambda t: with_header(t.e, surprise="yes"),
    "no typ": lambda t: t.e.token(t.e.header(typ=None)),
    "a logout token": lambda t: t.e.token(t.e.header(typ="logout+jwt")),
    "a token bound to a key that it does not show": lambda t: t.e.token(t.e.header(typ="dpop+jwt")),
    "expired": lambda t: t.e.token(iat=NOW - 300, exp=NOW - SKEW_SECONDS),
    "no exp": lambda t: t.e.token(exp=None),
    "exp in a century": lambda t: t.e.token(exp=NOW + 3_155_760_000),
    "exp a second too late for a token that counts once": lambda t: t.e.token(exp=NOW + 301),
    "exp a second too late for a session": lambda t: t.s.token(exp=NOW + 3601),
    "exp as text": lambda t: t.e.token(exp=str(NOW + 240)),
    "exp as true": lambda t: t.e.token(exp=True),
    "exp before iat": lambda t: t.e.token(iat=NOW + 20, exp=NOW + 10),
    "exp as NaN": lambda t: raw_payload(t.e, json.dumps(t.e.claims()).replace(str(NOW + 240), "NaN").encode()),
    "exp as infinity": lambda t: raw_payload(
        t.e, json.dumps(t.e.claims()).replace(str(NOW + 240), "Infinity").encode()
    ),
    "no iat": lambda t: t.e.token(iat=None),
    "iat of the future": lambda t: t.e.token(iat=NOW + SKEW_SECONDS + 1, exp=NOW + 240),
    "not valid yet": lambda t: t.e.token(nbf=NOW + SKEW_SECONDS + 1),
    "nbf as text": lambda t: t.e.token(nbf=str(NOW)),
    "another audience": lambda t: t.e.token(aud="https://other.example.org"),
    "an audience that begins as ours": lambda t: t.e.token(aud=AUDIENCE + ".evil.example.org"),
    "our audience in other letters": lambda t: t.e.token(aud=AUDIENCE.upper()),
    "two audiences": lambda t: t.e.token(aud=[AUDIENCE, "https://other.example.org"]),
    "our audience twice": lambda t: t.e.token(aud=[AUDIENCE, AUDIENCE]),
    "no audience": lambda t: t.e.token(aud=None),
    "an empty audience": lambda t: t.e.token(aud=[]),
    "an unknown issuer": lambda t: t.e.token(iss="https://evil.example.org"),
    "an issuer with a slash more": lambda t: t.e.token(iss=t.e.name + "/"),
    "no issuer": lambda t: t.e.token(iss=None),
    "an issuer that is no text": lambda t: t.e.token(iss=[t.e.name]),
    "no jti": lambda t: t.e.token(jti=None),
    "an empty jti": lambda t: t.e.token(jti=""),
    "jti as a number": lambda t: t.e.token(jti=7),
    "no subject": lambda t: t.e.token(sub=None),
    "a subject with a line break": lambda t: t.e.token(sub="u-1\nadmin"),
    "claims changed after signing": lambda t: tampered(t.e, roles=["integrator"]),
    "signature cut off": lambda t: t.e.token()[:-2],
    "a signature of zeros": lambda t: zero_signature(t.e),
    "a signature in the other encoding": lambda t: der_signature(t.e),
    "signature of another token": lambda t: f"{t.e.token().rpartition('.')[0]}.{t.e.token().rpartition('.')[2]}",
    "two segments": lambda t: t.e.token().rpartition(".")[0],
    "five segments": lambda t: t.e.token() + ".x.y",
    "padding": lambda t: t.e.token() + "=",
    "claims that are a list": lambda t: raw_payload(t.e, b"[]"),
    "claims that are not JSON": lambda t: raw_payload(t.e, b"not json"),
    "claims in UTF-16": lambda t: raw_payload(t.e, json.dumps(t.e.claims()).encode("utf-16")),
    "claims behind a byte order mark": lambda t: raw_payload(t.e, b"\xef\xbb\xbf" + json.dumps(t.e.claims()).encode()),
    "claims nested without end": lambda t: raw_payload(t.e, b"[" * 3000),
    "longer than a token is": lambda t: t.e.token(padding="x" * 9000),
    "letters beyond ASCII": lambda t: t.e.token() + "é",
    "a role that its issuer may not give": lambda t: t.e.token(roles=["administrator"]),
    "a role beside those that it may give": lambda t: t.e.token(roles=["clinician", "auditor"]),
    "roles as an object": lambda t: t.e.token(roles={"clinician": True}),
    "an organisation that its issuer may not speak for": lambda t: t.e.token(organisation="Other Trust"),
    "no organisation where there are two": lambda t: t.p.token(),
    "a clinician without a name": lambda t: t.e.token(name=None),
    "a name with control characters": lambda t: t.e.token(name="Dr \x1b[2J"),
    "a licence that is a list": lambda t: t.e.token(licence=["1"]),
}


@pytest.fixture
def signers(filed: Any, provided: Any, sessions: Any, mallory: Any) -> Signers:
    return Signers(filed, provided, sessions, mallory)


@pytest.mark.parametrize("case", ATTACKS)
def test_no_attack_is_accepted(case: str, authenticator: Any, web: Any, signers: Signers) -> None:
    """Every forged, bent or overdue token is refused, and nothing that a token names is ever fetched."""
    with pytest.raises((NotAuthenticated, NotPermitted)) as refused:
        authenticator()([f"Bearer {ATTACKS[case](signers)}"])
    assert "Traceback" not in str(refused.value)
    assert not [address for address in web.asked if "evil" in address or address == JKU]


def test_at_least_forty() -> None:
    """The list is as long as was promised."""
    assert len(ATTACKS) >= 40


def test_only_the_attacks_are_what_is_wrong(authenticator: Any, filed: Any, provided: Any, sessions: Any) -> None:
    """The same issuers' sound tokens, unchanged, are accepted: it is not everything that is refused."""
    for who, more in ((filed, {}), (provided, {"organisation": "St Example"}), (sessions, {})):
        assert authenticator()([f"Bearer {who.token(**more)}"]).subject == "u-1"


GOOD: dict[str, Forge] = {
    "ES384 by a key of the configuration": lambda t: t.e.token(),
    "RS256 by a key found by discovery, its audience in a list": lambda t: t.p.token(
        aud=[AUDIENCE], organisation="Other Trust"
    ),
    "ES256 of a session, typ at+jwt": lambda t: t.s.token(t.s.header(typ="at+jwt"), exp=NOW + 3600),
    "RS384": lambda t: t.p.token(t.p.header(alg="RS384"), organisation="St Example"),
    "the address of its keys that is known": lambda t: t.e.token(t.e.header(jku=JKU)),
    "clocks that differ": lambda t: t.e.token(iat=NOW + SKEW_SECONDS, nbf=NOW + SKEW_SECONDS),
    "roles of other programs beside": lambda t: t.e.token(roles=["offline_access", "clinician", "superuser"]),
}


@pytest.mark.parametrize("case", GOOD)
def test_good_tokens(case: str, authenticator: Any, web: Any, signers: Signers) -> None:
    """Sound tokens are accepted in every form that is documented, and name a clinician; a jku is never fetched."""
    who = authenticator()([f"Bearer {GOOD[case](signers)}"])
    assert (who.subject, who.name, who.roles) == ("u-1", "Dr A. Mbeki", frozenset({"clinician"}))
    assert who.organisation in ("St Example", "Other Trust")
    assert JKU not in web.asked


def test_no_role_is_not_permitted(authenticator: Any, filed: Any) -> None:
    """Somebody who is known and has no role of ours is told so."""
    with pytest.raises(NotPermitted):
        authenticator()([f"Bearer {filed.token(roles=['visitor'])}"])


def test_a_replay_is_refused_across_two_replicas(
    authenticator: Callable[..., Identify], filed: Any, sessions: Any
) -> None:
    """A token that counts once is refused by the other replica too; a session's token counts while it lives."""
    one, other = authenticator(), authenticator(NOW + 60)
    token, session = f"Bearer {filed.token()}", f"Bearer {sessions.token()}"
    assert one([token]).subject == "u-1"
    for replica in (one, other):
        with pytest.raises(NotAuthenticated, match="used before"):
            replica([token])
    assert one([session]) == other([session]) == one([session])


def test_a_replica_whose_clock_is_ahead_forgets_nothing(
    authenticator: Callable[..., Identify], filed: Any, engine: Any
) -> None:
    """What a replica sweeps by a clock that is five minutes ahead would still be accepted by the others."""
    token = f"Bearer {filed.token()}"
    authenticator()([token])
    later = NOW + 300
    authenticator(later)([f"Bearer {filed.token(iat=later, exp=later + 60)}"])
    with pytest.raises(NotAuthenticated, match="used before"):
        authenticator(NOW + 200)([token])


def test_the_same_id_of_two_issuers_is_two_tokens(authenticator: Any, filed: Any, provided: Any) -> None:
    """Token ids belong to their issuer: one issuer cannot use up another's."""
    identify = authenticator()
    identify([f"Bearer {filed.token(jti='same')}"])
    identify([f"Bearer {provided.token(jti='same', organisation='St Example')}"])


def test_used_tokens_are_forgotten_once_they_have_expired(authenticator: Any, filed: Any, engine: Any) -> None:
    """The table of used tokens does not grow for ever, and what it forgets nobody would accept any more."""
    from sqlalchemy import func, select

    from service.storage.schema import SPENT_TOKENS

    old = f"Bearer {filed.token()}"
    authenticator()([old])
    later = NOW + 3600
    authenticator(later)([f"Bearer {filed.token(iat=later, exp=later + 60)}"])
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(SPENT_TOKENS)).scalar() == 1
    with pytest.raises(NotAuthenticated, match="expired"):
        authenticator(later)([old])


HEADERS = {
    "none": [],
    "two": ["Bearer a", "Bearer b"],
    "another scheme": ["Basic YTpi"],
    "no token": ["Bearer"],
    "an empty token": ["Bearer "],
    "spaces": ["Bearer  a"],
    "the token alone": ["a.b.c"],
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_that_are_none(case: str) -> None:
    """There is one way to send a token, and it is sent once."""
    with pytest.raises(NotAuthenticated):
        bearer_token(HEADERS[case])
