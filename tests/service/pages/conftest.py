"""Forms of pages, sent as a browser sends them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from service.pages.forgery import FIELD

Send = Callable[..., Any]


@pytest.fixture
def send(client: Any) -> Send:
    """Send a page's form with its token; the answer, redirects not followed."""

    def send(address: str, *, part: bool = False, **fields: str) -> Any:
        found = re.search(rf'name="{FIELD}" value="([^"]+)"', client.get("/").text)
        assert found
        headers = {"HX-Request": "true"} if part else {}
        data = {**fields, FIELD: found.group(1)}
        return client.post(address, data=data, headers=headers, follow_redirects=False)

    return send


@pytest.fixture
def asked(client: Any) -> Callable[[dict[str, Any]], str]:
    """Ask for a patient; the address of the answer's page."""

    def ask(profile: dict[str, Any]) -> str:
        made = client.post("/v1/recommendations", json=profile)
        assert made.status_code == 201, made.text
        return f"/recommendations/{made.json()['id']}"

    return ask
