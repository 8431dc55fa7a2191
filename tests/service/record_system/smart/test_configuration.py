"""The configuration of SMART: what a provider says of itself, and nothing that nobody does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.app import create_app
from service.sessions.provider import read_provider
from service.smart.configuration import configuration

ISSUER = "https://login.example.org"
ADDRESS = "/.well-known/smart-configuration"
SAYS = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "grant_types_supported": ["authorization_code", "implicit", "client_credentials"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "private_key_jwt"],
    "scopes_supported": ["openid", "user/GuidanceResponse.rs"],
    "revocation_endpoint": f"{ISSUER}/revoke",
}


def said(**changes: Any) -> dict[str, Any]:
    """The document, for a provider that says something else of itself."""
    held = {name: value for name, value in (SAYS | changes).items() if value is not None}
    return configuration(read_provider(held, ISSUER)).model_dump(mode="json", exclude_none=True)


def test_what_the_provider_says() -> None:
    """Endpoints are the provider's; of its grants those that SMART knows, of its challenges never plain."""
    told = said()
    assert (told["token_endpoint"], told["revocation_endpoint"]) == (f"{ISSUER}/token", f"{ISSUER}/revoke")
    assert told["grant_types_supported"] == ["authorization_code", "client_credentials"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "introspection_endpoint" not in told
    clients = {"client-public", "client-confidential-symmetric", "client-confidential-asymmetric"}
    assert clients <= set(told["capabilities"])


def test_nothing_is_promised_that_nobody_does() -> None:
    """The service launches no apps, gives no context and no refresh tokens, so it says none of that."""
    told = set(said()["capabilities"])
    assert not any(one.startswith(("launch", "context", "sso", "authorize")) for one in told)
    assert not told & {"permission-offline", "permission-online"}
    assert {"permission-patient", "permission-user", "permission-v1", "permission-v2"} <= told
    assert said(code_challenge_methods_supported=None)["code_challenge_methods_supported"] == []
    assert "client-public" not in said(token_endpoint_auth_methods_supported=None)["capabilities"]


def test_over_http(client: Any) -> None:
    """Where nobody logs in there is no such server, and that is a problem document."""
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "tokens" in answer.json()["detail"]


@pytest.mark.parametrize("accept", ["application/fhir+json", "text/html", "*/*"])
def test_it_is_json_whatever_is_asked_for(client: Any, accept: str) -> None:
    """With a provider the document is JSON, whatever the client says that it takes."""

    class Login:
        """Where people log in."""

        def provider(self) -> Any:
            """The provider."""
            return read_provider(SAYS, ISSUER)

    given = client.app.state.collaborators
    app = create_app(replace(given, login=Login()))
    answer = type(client)(app).get(ADDRESS, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["token_endpoint"] == f"{ISSUER}/token"
