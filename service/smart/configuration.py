"""What `/.well-known/smart-configuration` says: who gives tokens for this service, and what of SMART it honours.

The service is no authorization server. What it tells of one is what the provider where people log in says of itself,
as far as SMART App Launch 2.2 has a name for it; nothing is added, so that a client is promised nothing that nobody
does. Of its own are the capabilities: which scopes in a token are honoured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.sessions.provider import Provider

OWN = ("permission-patient", "permission-user", "permission-v1", "permission-v2")
"""What the service itself does: it reads scopes in tokens, of both forms, for one patient or as far as a user may."""

CLIENTS: Mapping[str, frozenset[str]] = {
    "client-public": frozenset({"none"}),
    "client-confidential-symmetric": frozenset({"client_secret_basic", "client_secret_post"}),
    "client-confidential-asymmetric": frozenset({"private_key_jwt"}),
}
"""Kinds of clients as SMART calls them, each with the ways in which they prove to a provider who they are."""

GRANTS = ("authorization_code", "client_credentials")


class SmartConfiguration(BaseModel):
    """The document; what the provider does not say is left out.

    Attributes:
        authorization_endpoint, token_endpoint: the provider's.
        grant_types_supported, code_challenge_methods_supported, token_endpoint_auth_methods_supported: as it says.
        scopes_supported: what may be asked for there.
        introspection_endpoint, revocation_endpoint: the provider's.
        capabilities: what the service honours, and how clients may be known to the provider.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    authorization_endpoint: str
    token_endpoint: str
    grant_types_supported: tuple[str, ...]
    code_challenge_methods_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...]
    scopes_supported: tuple[str, ...] | None = None
    introspection_endpoint: str | None = None
    revocation_endpoint: str | None = None
    capabilities: tuple[str, ...]


def configuration(provider: Provider) -> SmartConfiguration:
    """What a provider's discovery document allows to be said."""
    told = provider.document
    methods = _texts(told, "token_endpoint_auth_methods_supported") or ("client_secret_basic",)
    grants = _texts(told, "grant_types_supported") or ("authorization_code",)  # OpenID's defaults
    clients = [kind for kind, ways in CLIENTS.items() if ways & set(methods)]
    return SmartConfiguration(
        authorization_endpoint=provider.authorization,
        token_endpoint=provider.token,
        grant_types_supported=tuple(one for one in GRANTS if one in grants),
        code_challenge_methods_supported=tuple(
            one for one in _texts(told, "code_challenge_methods_supported") if one == "S256"
        ),
        token_endpoint_auth_methods_supported=methods,
        scopes_supported=_texts(told, "scopes_supported") or None,
        introspection_endpoint=_text(told, "introspection_endpoint"),
        revocation_endpoint=_text(told, "revocation_endpoint"),
        capabilities=(*clients, *OWN),
    )


def _text(told: Mapping[str, Any], name: str) -> str | None:
    held = told.get(name)
    return held if isinstance(held, str) else None


def _texts(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    held = told.get(name)
    return tuple(one for one in held if isinstance(one, str)) if isinstance(held, list) else ()
