"""The authorization code flow with PKCE (RFC 6749, 7636, 9207): the address to go to, and a code redeemed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx

from data_contracts.errors import NotAuthenticated, NotReady
from service.access.issuer_keys import MAX_BYTES, TIMEOUT
from service.sessions.attempt import Attempt
from service.sessions.client import Client
from service.sessions.provider import Provider

Post = Callable[[str, Mapping[str, str], Mapping[str, str]], tuple[int, Any]]
"""Sends a form with headers to an address; status and JSON of the answer."""

ERROR = re.compile(r"[a-z_]{1,40}")
AWAY = "The provider of identities did not answer, so nobody could log in. Try again."


def authorization_address(
    provider: Provider,
    client: Client,
    attempt: Attempt,
    redirect: str,
    scopes: str,
    extra: Mapping[str, str] | None = None,
) -> str:
    """Where to send the browser.

    Args:
        provider, client: who asks whom.
        attempt: what has to come back.
        redirect: where it comes back to.
        scopes: what is asked for, with spaces.
        extra: further parameters.
    """
    parts = urlsplit(provider.authorization)
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect,
        "scope": scopes,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
        **(extra or {}),
    }
    query = "&".join(filter(None, (parts.query, urlencode(asked))))
    return urlunsplit(parts._replace(query=query))


def returned_code(answer: Mapping[str, str], provider: Provider) -> str:
    """The code that a browser came back with; its state was compared already.

    Raises:
        NotAuthenticated: the provider let nobody in, or the answer is another provider's.
    """
    issuer = answer.get("iss")
    if issuer != provider.issuer and (issuer is not None or provider.names_itself):
        raise NotAuthenticated("The answer came from another provider of identities than was asked. Begin anew.")
    if error := answer.get("error"):
        told = error if ERROR.fullmatch(error) else "an error without a name"
        raise NotAuthenticated(f"The provider of identities let nobody in ({told}).")
    if not (code := answer.get("code")):
        raise NotAuthenticated("The provider of identities sent no code. Begin anew.")
    return code


def redeemed(
    code: str, provider: Provider, client: Client, attempt: Attempt, redirect: str, now: int, post: Post | None = None
) -> Mapping[str, Any]:
    """What the provider gives for a code: the token answer, of which nothing is believed yet.

    Raises:
        NotAuthenticated: it does not take the code.
        NotReady: it does not answer, or not as it should.
    """
    fields, headers = client.proof(provider, now)
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, **fields}
    asked["code_verifier"] = attempt.verifier
    try:
        status, answer = (post or post_form)(provider.token, asked, headers)
    except (httpx.HTTPError, ValueError):
        raise NotReady(AWAY) from None
    if status in (400, 401) and isinstance(answer, dict):
        error = str(answer.get("error", ""))
        told = error if ERROR.fullmatch(error) else "an error without a name"
        if told in ("invalid_client", "unauthorized_client"):
            raise NotReady(f"The provider of identities does not take this service as its client ({told}).")
        raise NotAuthenticated(f"The provider of identities did not take its own code back ({told}). Begin anew.")
    if status != 200 or not isinstance(answer, dict):
        raise NotReady(AWAY)
    return answer


def post_form(address: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
    """Send a form; no redirect is followed.

    Raises:
        httpx.HTTPError, ValueError: there is no answer, it is too long, or is not JSON.
    """
    body = bytearray()
    sent = {"Accept": "application/json", **headers}
    with httpx.stream("POST", address, data=dict(fields), headers=sent, timeout=TIMEOUT) as answer:
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise ValueError("too long")
    return answer.status_code, json.loads(bytes(body))
