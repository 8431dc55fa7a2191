"""What the service is to a provider: one of its clients, that proves it by a secret or by a key of its own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr

from data_contracts.errors import NotReady
from service.sessions.provider import Provider

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
}
"""What a key signs by, by its kind or curve."""
SECONDS = 60


@dataclass(frozen=True)
class Client:
    """A client of a provider.

    Attributes:
        id: its name there.
        secret: what both know; None if it signs.
        key: what it signs by (private_key_jwt); None if it has a secret.
    """

    id: str
    secret: SecretStr | None = None
    key: RSAKey | ECKey | None = None

    def proof(self, provider: Provider, now: int) -> tuple[dict[str, str], dict[str, str]]:
        """Fields and headers by which a call of the token endpoint proves who makes it.

        Raises:
            NotReady: the provider takes no signature that the key can make.
        """
        if self.key is not None:
            return {
                "client_id": self.id,
                "client_assertion_type": ASSERTION,
                "client_assertion": self._signed(provider, now),
            }, {}
        if self.secret is None:
            return {"client_id": self.id}, {}
        secret = self.secret.get_secret_value()
        if provider.takes_posted:
            return {"client_id": self.id, "client_secret": secret}, {}
        pair = f"{quote_plus(self.id)}:{quote_plus(secret)}"  # RFC 6749, 2.3.1
        return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _signed(self, provider: Provider, now: int) -> str:
        """RFC 7523: whom the assertion is meant for is the token endpoint, as OpenID and SMART have it."""
        assert self.key is not None  # noqa: S101 - the caller has one
        algorithm = _algorithm(self.key, provider.algorithms)
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": provider.token,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + SECONDS,
        }
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, self.key, algorithms=[algorithm])


def _algorithm(key: RSAKey | ECKey, taken: tuple[str, ...]) -> str:
    kind = "RSA" if isinstance(key, RSAKey) else str(key.as_dict(private=False)["crv"])
    for algorithm in ALGORITHMS.get(kind, ()):
        if not taken or algorithm in taken:
            return algorithm
    raise NotReady(f"The provider of identities takes no signature by a key of the kind {kind}. Give another key.")
