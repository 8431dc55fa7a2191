"""Logging in: out to the provider, and back with somebody whom it vouches for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_contracts.errors import BadUsage, NotAuthenticated
from service.access.access_file import AccessFile, TrustedIssuer, secure_url
from service.access.id_token import verify_id_token
from service.access.issuer_keys import IssuerKeys, keys_of
from service.cds_hooks.setting import ADDRESS
from service.sessions.attempt import Attempt
from service.sessions.client import Client
from service.sessions.code_flow import authorization_address, redeemed, returned_code
from service.sessions.provider import KnownProvider
from service.sessions.setting import LoginSetting

CALLBACK = "/login/callback"


@dataclass(frozen=True)
class Login:
    """One provider at which people log in.

    Attributes:
        issuer: as the access file has it: what it may say that somebody is.
        provider: where it answers.
        keys: its public keys.
        client: what this service is to it.
        redirect: where a browser comes back to, as the provider knows it.
        scopes: what is asked for.
    """

    issuer: TrustedIssuer
    provider: KnownProvider
    keys: IssuerKeys
    client: Client
    redirect: str
    scopes: str

    def way_out(self, attempt: Attempt) -> str:
        """Where to send the browser.

        Raises:
            NotReady: the provider cannot be asked where it answers.
        """
        return authorization_address(self.provider(), self.client, attempt, self.redirect, self.scopes)

    def claims(self, answer: Mapping[str, str], attempt: Attempt, now: datetime) -> Mapping[str, Any]:
        """What the provider says of who came back, verified.

        Args:
            answer: what the browser brings, its state compared already.
            attempt: which it left with.
            now: UTC.

        Raises:
            NotAuthenticated: nobody was let in, or what came is not believed.
            NotReady: the provider does not answer.
        """
        provider, seconds = self.provider(), int(now.timestamp())
        code = returned_code(answer, provider)
        given = redeemed(code, provider, self.client, attempt, self.redirect, seconds)
        if not isinstance(token := given.get("id_token"), str):
            raise NotAuthenticated(
                "The provider of identities sent no ID token. Does the client have the scope openid?"
            )
        return verify_id_token(token, self.issuer, self.keys, self.client.id, attempt.nonce, seconds)


def login_of(setting: LoginSetting, access: AccessFile, base: str) -> Login:
    """The login of a deployment.

    Args:
        setting: of the environment.
        access: whom to believe.
        base: the service's address as its users reach it.

    Raises:
        BadUsage: the provider is none of the access file's, or the service's address is not encrypted.
        BadInput: its file of keys is none.
    """
    issuer = setting.trusted(access)
    try:
        secure_url(base)
    except ValueError:
        told = "browsers keep a session for encrypted addresses alone"
        raise BadUsage(f"{ADDRESS} is the service's https address as its users reach it: {told}.") from None
    provider = KnownProvider(issuer.issuer)
    return Login(issuer, provider, keys_of(issuer), setting.client, f"{base}{CALLBACK}", setting.scopes)
