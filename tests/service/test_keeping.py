"""The commands of who keeps the records: what they tell, and with what they end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.__main__ import main
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.consent import Statement
from service.storage.person import PatientName
from service.storage.store import Store
from service.utc import utc_now

URL = "/v1/recommendations"


def test_keys(client: Any, profile: dict[str, Any], store: Store, tmp_path: Path, capsys: Any) -> None:
    """New makes a file once; rotate takes a new key into use, show lists both, retire waits."""
    name = client.post(URL, json=profile).headers["location"].rpartition("/")[2]
    first = store.ring.current.id
    assert main(["keys", "new", str(tmp_path / "ring.json")]) == 0
    assert main(["keys", "new", str(tmp_path / "ring.json")]) == 2
    assert main(["keys", "rotate"]) == 0
    assert "1 persons' keys" in capsys.readouterr().out
    assert main(["keys", "rewrap"]) == 0
    assert main(["keys", "show"]) == 0
    shown = capsys.readouterr().out
    assert first in shown
    assert "BEGIN PUBLIC KEY" in shown
    assert main(["keys", "retire", first]) == 5
    assert main(["keys", "retire", store.ring.current.id]) == 5
    assert main(["keys", "retire", "nonsense"]) == 2
    assert client.get(f"{URL}/{name}").status_code == 200


def test_retention(client: Any, profile: dict[str, Any], capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without days it asks for them; with days only what is older goes."""
    where = client.post(URL, json=profile).headers["location"]
    assert main(["retention"]) == 2
    assert main(["retention", "--days", "0"]) == 2
    monkeypatch.setenv("EQUIPOISE_RETENTION_DAYS", "30")
    assert main(["retention"]) == 0
    assert "0 answers" in capsys.readouterr().out
    assert client.get(where).status_code == 200


def test_erase_from_standard_input(
    client: Any, profile: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """An identifier need not stand on a command line; an unknown one is told."""
    import io

    where = client.post(URL, json=profile).headers["location"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{profile['patient_id']}\n"))
    assert main(["erase", "--patient", "-", "--by", "Dr A"]) == 0
    answer = client.get(where)
    assert answer.status_code == 410
    assert answer.json()["type"] == "urn:equipoise:problem:erased"
    assert main(["erase", "--patient", "nobody", "--by", "Dr A"]) == 3
    assert "nobody" not in capsys.readouterr().err


def test_erase_a_hospital_s_patient(store: Store, capsys: Any) -> None:
    """At the machine, too, a patient belongs to an organisation; where there are several, somebody says which."""
    for organisation in ("St Example", "Other Trust"):
        who = OPERATOR.principal.model_copy(update={"organisation": organisation})
        statement = Statement(patient_id="P-1", purpose="contact", answer="given", by="Dr A", role="GP")
        store.add_consent(statement, Entry("consent", replace(OPERATOR, principal=who), utc_now()))
    assert main(["erase", "--patient", "P-1", "--by", "Dr A"]) == 2
    assert "Other Trust, St Example" in capsys.readouterr().err
    assert main(["erase", "--patient", "P-1", "--by", "Dr A", "--organisation", "St Example"]) == 0
    assert store.standing(PatientName("St Example", "P-1")).person is None
    assert store.standing(PatientName("Other Trust", "P-1")).person is not None


@pytest.mark.parametrize("name", ["EQUIPOISE_RETENTION_DAYS", "EQUIPOISE_AUDIT_ROOT_SECONDS"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "²", "10000001"])
def test_bad_numbers(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is no whole number is bad usage."""
    monkeypatch.setenv(name, value)
    assert main(["keys", "show"]) == 2
