"""Reports of harm: attached to any recommendation, sealed, audited, never changed; what happens next is said."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.__main__ import main
from service.audit.actor import OPERATOR
from service.audit.verify import verify
from service.harm import SEVERITIES
from service.storage.retention import apply_retention
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "canary-name", "role": "GP, licence 123", "note": None}
HARM = SIGNED | {"severity": "moderate", "what": "canary-what", "on": "2026-03-14"}


@pytest.fixture
def where(client: Any, profile: dict[str, Any]) -> str:
    return str(client.post(URL, json=profile).headers["location"])


def found_in(store: Store) -> list[str]:
    with store.reading() as connection, store.reading() as beside:
        return [one.what for one in verify(connection, beside, (), store.ring).findings]


def test_kept_and_given_back(client: Any, store: Store, where: str) -> None:
    """Any number of reports stand with an answer in any state; its history counts them, the audit names them."""
    for severity in SEVERITIES:
        answer = client.post(f"{where}/harms", json=HARM | {"severity": severity})
        assert answer.status_code == 201
    told = client.get(f"{where}/harms").json()["harms"]
    assert [one["report"] for one in told] == [HARM | {"severity": severity} for severity in SEVERITIES]
    assert client.get(f"{where}/history").json()["harms"] == len(SEVERITIES)
    with store.reading() as connection:
        records = [json.loads(one) for one in connection.execute(text("SELECT content FROM audit")).scalars()]
    kinds = [one["kind"] for one in records if one["recommendation"]]
    assert kinds == ["recommendation", *["harm"] * len(SEVERITIES), "read", "read"]
    assert found_in(store) == []


@pytest.mark.parametrize(("severity", "count"), [("low", 3), ("severe", 4), ("fatal", 4)])
def test_what_happens_next(client: Any, where: str, severity: str, count: int) -> None:
    """It is said that nobody is called by itself, and of grave harm how the model is taken out of service."""
    told = client.post(f"{where}/harms", json=HARM | {"severity": severity}).json()["next"]
    assert len(told) == count
    assert "calls nobody" in told[1]
    assert ("/v1/models/tiny/stop" in told[-1]) == (count == 4)


def test_sealed(client: Any, store: Store, where: str) -> None:
    """Who reported, what and how bad stand nowhere in clear; changed, a report is found; erased, it opens no more."""
    client.post(f"{where}/harms", json=HARM)
    with store.reading() as connection:
        rows = (
            connection.execute(text("SELECT * FROM harms")).all()
            + connection.execute(text("SELECT * FROM audit")).all()
        )
    assert not any(word in str(rows) for word in ("canary", "moderate"))
    client.post("/v1/erasures", json=SIGNED | {"patient_id": "P-1"})
    assert client.get(f"{where}/harms").status_code == 410
    assert client.post(f"{where}/harms", json=HARM).status_code == 410
    assert found_in(store) == []
    with store.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER harms_no_update"))
        connection.execute(text("UPDATE harms SET content = zeroblob(40)"))
    assert found_in(store) == ["row_changed"]


def test_it_goes_with_its_answer_alone(client: Any, store: Store, where: str) -> None:
    """Retention removes reports with their answer; one that goes missing by itself is found."""
    client.post(f"{where}/harms", json=HARM)
    apply_retention(store, 1, OPERATOR, datetime.now(UTC) + timedelta(days=3))
    assert found_in(store) == []
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM harms")).scalar_one() == 0


def test_gone_missing(client: Any, store: Store, where: str) -> None:
    """A report that is removed by hand is missed."""
    client.post(f"{where}/harms", json=HARM)
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM harms"))
    assert found_in(store) == ["row_missing"]


@pytest.mark.parametrize("change", [{"severity": "bad"}, {"what": ""}, {"on": "yesterday"}, {"patient_id": "P-1"}])
def test_what_is_no_report(client: Any, where: str, change: dict[str, str]) -> None:
    """What is not of the form is told, without a value, and nothing is kept."""
    answer = client.post(f"{where}/harms", json=HARM | change)
    assert answer.status_code == 422
    assert "yesterday" not in answer.text
    assert client.get(f"{where}/harms").json()["harms"] == []
    assert client.post(f"{URL}/00000000-0000-4000-8000-000000000000/harms", json=HARM).status_code == 404


def test_the_table(client: Any, where: str, tmp_path: Path, store: Store) -> None:
    """`equipoise harms` lists them all for whoever looks into them, in a file of their own, and that is remembered."""
    client.post(f"{where}/harms", json=HARM)
    out = tmp_path / "harms.csv"
    assert main(["harms", "--out", str(out)]) == 0
    assert out.stat().st_mode & 0o077 == 0
    (row,) = list(csv.DictReader(out.read_text().splitlines()))
    assert (row["severity"], row["what"], row["patient_id"]) == ("moderate", "canary-what", "P-1")
    assert row["recommendation_id"] == where.rpartition("/")[2]
    with store.reading() as connection:
        last = json.loads(
            connection.execute(text("SELECT content FROM audit ORDER BY seq DESC")).scalars().first() or ""
        )
    assert (last["kind"], last["detail"]) == ("read", {"what": "harms", "rows": 1})
