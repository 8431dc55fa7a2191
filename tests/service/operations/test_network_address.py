"""Where a call came from: an address, or that it is not known."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Scope

from service.network_address import network_address

TOLD = {
    "203.0.113.7": "203.0.113.7",
    "2001:db8::7": "2001:db8::7",
    "2001:DB8:0::7": "2001:db8::7",
    "zebediah": "unknown",
    "203.0.113.7, zebediah": "unknown",
    "fe80::1%zebediah": "unknown",
    "": "unknown",
}


@pytest.mark.parametrize("told", TOLD)
def test_nothing_but_an_address(told: str) -> None:
    """What a caller on the same machine says of itself (`X-Forwarded-For`) is an address, or is not repeated."""
    assert network_address({"client": (told, 0)}) == TOLD[told]


def test_without_any() -> None:
    """A call over a socket without addresses comes from nowhere that is known."""
    none: Scope = {"client": None}
    assert network_address(none) == network_address({}) == "unknown"


def test_what_a_header_says_is_no_word_in_the_audit(champions: Any, start: Any, home: Path) -> None:
    """A running service writes down an address that a proxy on its machine tells of, and nobody's words."""
    champions.put()
    with start().client() as client:
        for told in ("zebediah", "203.0.113.7"):
            assert client.get("/v1/models/tiny/stop", headers={"X-Forwarded-For": told}).status_code == 200
    with closing(sqlite3.connect(home / "service.db")) as connection:
        rows = [json.loads(content) for (content,) in connection.execute("SELECT content FROM audit ORDER BY seq")]
    assert [one["address"] for one in rows if one["kind"] == "read"] == ["unknown", "203.0.113.7"]
