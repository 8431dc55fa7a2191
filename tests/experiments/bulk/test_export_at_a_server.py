"""The export against a FHIR server that is not ours, with its own authorization (`make test-clients`)."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from joserfc.jwk import Key

from data_contracts.protocol_file import read_protocol
from experiments.bulk.access_token import AccessToken
from experiments.bulk.registration import read_registration
from experiments.bulk.wire import Wire
from experiments.cohort.build import build_cohort
from experiments.simulate import simulate_to

SEKMET = Path(__file__).parents[3] / ".venv-clients" / "bin" / "sekmet"
LACKING = "QuestionnaireResponse.ndjson"
"""A type that the server does not know."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SEKMET.exists(), reason="needs .venv-clients: make test-clients"),
]


def load(base: str, records: Path, token: AccessToken) -> int:
    """Write every record to the server, a file at a time, patients first; how many there are."""
    count = 0
    for path in sorted(records.glob("*.ndjson"), key=lambda one: one.name != "Patient.ndjson"):
        entries = []
        for line in path.read_text().splitlines():
            held: dict[str, Any] = json.loads(line)
            held.setdefault("id", f"record-{count}")
            count += 1
            put = {"method": "PUT", "url": f"{held['resourceType']}/{held['id']}"}
            entries.append({"resource": held, "request": put})
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = httpx.post(base, json=bundle, headers=token.headers(), timeout=120)
        assert answer.status_code == 200, answer.text
        refused = [one for one in answer.json()["entry"] if not one["response"]["status"].startswith("20")]
        assert not refused, refused[0]
    return count


def test_records_of_a_server_make_the_same_cohort(
    start_fhir_server: Callable[..., str],
    client_key: Key,
    client_file: Path,
    tmp_path: Path,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records that were written to a server and exported from it make the very cohort that they made before.

    Tokens come from the server's own authorization, by ES384 and by RS384; without one nothing is exported.
    """
    monkeypatch.undo()  # here waiting is real
    jwks = {"keys": [client_key.as_dict(private=False)]}
    lab = {"client_id": "lab", "jwks": jwks, "scopes": "system/*.cruds"}
    base = start_fhir_server(server_auth={"types": ["smart"], "smart_clients": [lab]})
    simulate_to("clinic", 20, 1, tmp_path / "clinic", "ndjson")
    records = tmp_path / "clinic" / "records"
    (records / LACKING).unlink(missing_ok=True)
    client_file.write_text(client_file.read_text() + "scope: system/*.cruds\n")
    registration, key = read_registration(client_file)
    wire = Wire(time.sleep, time.time)
    count = load(base, records, AccessToken(base, registration, key, wire, time.time))
    wire.close()
    from experiments.__main__ import main

    out = tmp_path / "records"
    assert main(["export", base, "--out", str(tmp_path / "refused")]) == 5
    assert main(["export", base, "--client", str(client_file), "--out", str(out)]) == 0
    assert sum(len(one.read_text().splitlines()) for one in out.glob("*.ndjson")) == count
    protocol = read_protocol(tmp_path / "clinic" / "protocol.yaml")
    assert protocol.target_trial is not None
    today = datetime.date(2026, 6, 1)
    before, after = (build_cohort(place, protocol, protocol.target_trial, today) for place in (records, out))
    assert (before.chosen, before.left_out) == (after.chosen, after.left_out)
    for name in before.table.columns:
        np.testing.assert_array_equal(before.table.columns[name], after.table.columns[name], err_msg=name)
