"""Two services, each a process of its own, over one PostgreSQL: what one has seen, the other knows."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

FILED, AUDIENCE = "https://ehr.example.org", "https://equipoise.example.org"


@pytest.fixture
def replicas(
    policy_folder: Path, tmp_path: Path, filed: Any, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """Addresses of two services that believe the record system, whose tokens count once."""
    (tmp_path / "contacts.yaml").write_text('- {name: Crisis line, phone: "+00 000 000", when: day and night}\n')
    (tmp_path / "keys.json").write_text(json.dumps(filed.public()))
    issuer = {"issuer": FILED, "keys": "keys.json", "roles": ["clinician"], "organisations": ["St Example"]}
    (tmp_path / "access.yaml").write_text(json.dumps({"audience": AUDIENCE, "issuers": [issuer]}))
    settings = {
        "CONTACTS": tmp_path / "contacts.yaml",
        "ACCESS": tmp_path / "access.yaml",
        "DATABASE_URL": postgres_url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"EQUIPOISE_{name}", str(value))
    command = [sys.executable, "-m", "service", "serve", "--policy", str(policy_folder), "--port", "0"]
    running, addresses = [], []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        assert process.stdout is not None
        addresses.append(process.stdout.readline().split()[-1])
    yield addresses
    for process in running:
        process.kill()
        process.communicate()


def test_a_token_replayed_at_the_other_replica(replicas: list[str], filed: Any, postgres_url: str) -> None:
    """A token that counts once is refused by the other process too, at once, and that is in the one audit."""
    now = int(time.time())

    def call(address: str, token: str) -> httpx.Response:
        return httpx.get(f"{address}/openapi.json", headers={"Authorization": f"Bearer {token}"}, timeout=60)

    first, second = (filed.token(iat=now, exp=now + 240) for _ in range(2))
    assert call(replicas[0], first).status_code == 200
    replayed = [call(address, first) for address in (replicas[1], replicas[0])]
    assert [(one.status_code, "used before" in one.json()["detail"]) for one in replayed] == [(401, True)] * 2
    assert call(replicas[1], second).status_code == 200
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        told = [
            json.loads(one) for one in connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars()
        ]
    engine.dispose()
    denied = [one["detail"]["address"] for one in told if one["kind"] == "denied"]
    assert denied
    assert set(denied) == {"GET /openapi.json"}
