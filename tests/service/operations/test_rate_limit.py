"""429 with Retry-After for who calls too often, and for nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from data_contracts.errors import BadUsage
from service.app import create_app
from service.collaborators import Collaborators
from service.operations.operations import Operations
from service.operations.rate_limit import rate_limit
from service.served_policy import ServedPolicy
from service.settings import read_settings
from service.storage.store import Store

URL = "/v1/recommendations/none"


@pytest.fixture
def caller(served: ServedPolicy, store: Store) -> Callable[[str], Any]:
    """Makes clients of one service, each at an address of its own."""
    from fastapi.testclient import TestClient

    app = create_app(Collaborators(lambda: served, store, (), operations=Operations(limit=rate_limit("3/2 second"))))
    return lambda address: TestClient(app, client=(address, 1))


def test_too_many(caller: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The fourth call is a problem document with Retry-After; after that wait the next one is taken."""
    now = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    client = caller("10.0.0.1")
    assert [client.get(URL).status_code for _ in range(3)] == [404] * 3
    refused = client.get(URL)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    now[0] += int(refused.headers["retry-after"]) + 0.001  # a call of just that age still counts
    assert client.get(URL).status_code == 404


def test_each_caller_alone(caller: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One caller's flood costs no other caller a call, and monitoring none."""
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    loud, quiet = caller("10.0.0.1"), caller("10.0.0.2")
    assert 429 in [loud.get(URL).status_code for _ in range(10)]
    assert quiet.get(URL).status_code == 404
    for path in ("/healthz", "/metrics"):
        assert {loud.get(path).status_code for _ in range(5)} == {200}


def test_no_limit_is_the_default(client: Any) -> None:
    """Without a setting nobody is limited."""
    assert read_settings({}).limit is None
    assert {client.get(URL).status_code for _ in range(50)} == {404}


@pytest.mark.parametrize("text", ["many", "600", "600/fortnight", "-1/second"])
def test_what_is_no_limit(text: str) -> None:
    """A limit of another form is one clear error that names the variable."""
    with pytest.raises(BadUsage, match="EQUIPOISE_RATE_LIMIT"):
        read_settings({"EQUIPOISE_RATE_LIMIT": text})
