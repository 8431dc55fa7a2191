"""Verifies a bearer token (JWT) by joserfc, against the issuers and the audience of the access file.

What is asked of a token, all of it: signed by RS256, RS384, ES256 or ES384 with a key of its own issuer, by its `kid`;
`typ` JWT or at+jwt and no header parameter that would change how it is read; `iss` trusted, `aud` ours and nobody
else's; `sub`, `jti`, `iat`, `exp` there, of the right types, and no longer apart than the issuer may; not expired, not
of the future (`SKEW_SECONDS` of difference between clocks are forgiven). Keys never come from the token: an embedded
key or certificate is refused, and so is a `jku` but for the one that the access file knows of; none is ever asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import Key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data_contracts.errors import NotAuthenticated
from service.access.access_file import AccessFile, TrustedIssuer
from service.access.issuer_keys import IssuerKeys
from service.access.principal import Line

ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
SKEW_SECONDS = 30
MAX_LENGTH = 8192
TYPES = ("jwt", "at+jwt", "application/at+jwt")
HEADERS = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""Known to change nothing. Any other header parameter is refused, `jwk`, `x5c`, `x5u`, `crit` and `b64` too."""


class Claims(BaseModel):
    """What every token has to say; the rest is read by name when the principal is made of it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    iss: Line
    sub: Line | None = None
    aud: Line | list[Line]
    jti: Line
    iat: int = Field(ge=0)
    exp: int = Field(ge=0)
    nbf: int | None = Field(default=None, ge=0)


@dataclass(frozen=True)
class VerifiedToken:
    """A token that is believed.

    Attributes:
        issuer: who gave it, as configured.
        claims: what every token says.
        held: all that it says.
    """

    issuer: TrustedIssuer
    claims: Claims
    held: Mapping[str, Any]


def verify_token(
    token: str, access: AccessFile, keys: Mapping[str, IssuerKeys], now: int, *, address: str | None = None
) -> VerifiedToken:
    """Verify a token; whether it was used before is asked elsewhere.

    Args:
        token: as it came.
        access: whom to believe.
        keys: of each issuer, by its name.
        now: seconds since 1970, UTC.
        address: of the call, for a system's token as CDS Hooks has it: meant for this address, and without a subject,
            as the issuer itself calls. None for a token of somebody, meant for the access file's audience.

    Raises:
        NotAuthenticated: it is not believed.
        NotReady: its issuer's keys cannot be had now.
    """
    header, unproven = read_unproven(token)
    issuer = next((one for one in access.issuers if one.issuer == unproven.get("iss")), None)
    if issuer is None:
        raise _refused("its issuer (iss) is not among those of the access file")
    check_header(header, issuer)
    held = proven(token, header["alg"], keys[issuer.issuer].find(header["kid"]))
    claims = _claims(held)
    if claims.sub is None and address is None:
        raise _refused("missing or not of the right form: sub")
    _check_claims(claims, held, issuer, address or access.audience, now)
    return VerifiedToken(issuer, claims, held)


def read_unproven(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they say, to choose the issuer's keys by; nothing of them is believed yet."""
    if len(token) > MAX_LENGTH:
        raise _refused(f"it is longer than {MAX_LENGTH} characters")
    try:
        read = jws.extract_compact(token.encode("ascii"))
        header, claims = read.headers(), json.loads(read.payload.decode("utf-8"))  # bytes may pass as UTF-16
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _refused("it is not a signed JWT") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _refused("it is not a signed JWT")
    return header, claims


def check_header(header: Mapping[str, Any], issuer: TrustedIssuer, types: tuple[str, ...] = TYPES) -> None:
    """Raise NotAuthenticated if a header asks for anything but one of our algorithms, by a named key."""
    known = HEADERS | {"jku"} if issuer.jku and header.get("jku") == issuer.jku else HEADERS
    if strange := [name for name in header if name not in known]:
        raise _refused(f"its header has {len(strange)} parameter(s) that are not taken, such as a key or its address")
    if header.get("alg") not in ALGORITHMS:
        raise _refused(f"its algorithm is none of {', '.join(ALGORITHMS)}")
    if not isinstance(header.get("typ"), str) or header["typ"].lower() not in types:
        raise _refused("its typ is neither JWT nor at+jwt")
    if not isinstance(header.get("kid"), str):
        raise _refused("it does not name the key that signed it (kid)")


def proven(token: str, algorithm: str, keys: tuple[Key, ...]) -> dict[str, Any]:
    """What the token says, once one of the keys is shown to have signed it."""
    for key in keys:
        try:
            return dict(jwt.decode(token, key, algorithms=[algorithm]).claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
    raise _refused("no key of its issuer signed it")


def time_fault(held: Mapping[str, Any], now: int) -> str:
    """Why a token does not hold now, by its own times; empty if it does."""
    try:
        jwt.JWTClaimsRegistry(now=now, leeway=SKEW_SECONDS).validate(dict(held))
    except ExpiredTokenError:
        return "it has expired"
    except JoseError:
        return "it is not valid yet"
    return ""


def _claims(held: Mapping[str, Any]) -> Claims:
    try:
        return Claims.model_validate(dict(held))
    except ValidationError as error:
        wrong = sorted({str(item["loc"][0]) for item in error.errors(include_input=False)})
        raise _refused(f"missing or not of the right form: {', '.join(wrong)}") from None


def _check_claims(claims: Claims, held: Mapping[str, Any], issuer: TrustedIssuer, audience: str, now: int) -> None:
    if claims.aud not in (audience, [audience]):
        raise _refused("it is meant for somebody else (aud), or not for us alone")
    if fault := time_fault(held, now):
        raise _refused(fault)
    if not 0 < claims.exp - claims.iat <= issuer.longest:
        raise _refused(f"it lives longer than the {issuer.longest} s that its issuer may give, or not at all")


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"The token is not accepted: {why}.")
