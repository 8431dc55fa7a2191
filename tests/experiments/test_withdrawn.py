"""Who withdrew is left out: what is learned is, bit for bit, what would be learned had they never been there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from data_contracts.errors import BadInput, Refused
from data_contracts.manifest import sha256
from data_contracts.withdrawn import PURPOSE, WithdrawnList, listed_as
from experiments.study_records import read_study
from experiments.withdrawn_patients import read_withdrawn

SALT = "5a" * 32


class Service:
    """One that this lab believes, and that signs lists."""

    def __init__(self, home: Path) -> None:
        self.key = Ed25519PrivateKey.generate()
        folder = home / "trusted-services"
        folder.mkdir(parents=True)
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "service.pem").write_bytes(public)

    def list_of(self, patients: Iterable[str], path: Path) -> Path:
        """Write a signed list of these."""
        hashes = tuple(sorted(listed_as(SALT, one) for one in patients))
        listed = WithdrawnList(made_at="2026-03-01T09:30:00+00:00", salt=SALT, patients=hashes)
        line = listed.model_dump_json().encode()
        path.write_bytes(line + b"\n" + base64.b64encode(self.key.sign(PURPOSE + line)) + b"\n")
        return path


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path / "home"))
    return Service(tmp_path / "home")


def ids(records: pd.DataFrame, protocol: dict[str, Any]) -> list[str]:
    return records[protocol["records"]["patient_id"]].astype(str).unique().tolist()


def test_as_if_they_had_never_been_there(
    service: Service, records: pd.DataFrame, protocol: dict[str, Any], new_study: Any, tmp_path: Path
) -> None:
    """With the list the study reads exactly what it reads from a table without them; the list's hash is named."""
    gone = ids(records, protocol)[5:60:7]
    column = records[protocol["records"]["patient_id"]].astype(str)
    path = service.list_of([*gone, "somebody else"], tmp_path / "withdrawn.txt")
    whole = new_study(tmp_path / "whole", records, protocol)
    without = new_study(tmp_path / "without", records[~column.isin(gone)], protocol)
    _, honoured = read_study(whole.protocol, whole.data, read_withdrawn(path))
    _, bare = read_study(without.protocol, without.data)
    assert honoured.n == bare.n < len(records)
    assert honoured.fingerprint == bare.fingerprint
    for name, values in bare.columns.items():
        np.testing.assert_array_equal(honoured.columns[name], values)
    for name, values in bare.outcomes.items():
        np.testing.assert_array_equal(honoured.outcomes[name], values)
    np.testing.assert_array_equal(honoured.arm, bare.arm)
    assert honoured.withdrawn_by == sha256(path.read_bytes())
    assert bare.withdrawn_by is None
    assert [one.count for one in honoured.left_out] == [len(gone)]


def test_rows_keep_their_numbers(
    service: Service, records: pd.DataFrame, protocol: dict[str, Any], new_study: Any, tmp_path: Path
) -> None:
    """What is wrong in a row is told by its number in the file, whoever was left out before it."""
    wrong = records.copy()
    wrong[protocol["records"]["arm"]] = wrong[protocol["records"]["arm"]].astype(object)
    wrong.loc[wrong.index[50], protocol["records"]["arm"]] = "no such arm"
    study = new_study(tmp_path / "wrong", wrong, protocol)
    path = service.list_of(ids(records, protocol)[:20], tmp_path / "withdrawn.txt")
    for withdrawn in (None, read_withdrawn(path)):
        with pytest.raises(BadInput, match=r"\b52\b"):
            read_study(study.protocol, study.data, withdrawn)


def test_event_tables_leave_them_out_before_anybody_is_chosen(service: Service, lab: Any, tmp_path: Path) -> None:
    """Of event tables the attrition of the target trial does not count them either."""
    lab("simulate", "--world", "clinic", "--n", 400, "--shape", "events", "--out", tmp_path / "c", home=tmp_path)
    patients = pd.read_csv(tmp_path / "c" / "records" / "patients.csv")
    column = patients.columns[0]
    gone = patients[column].astype(str).tolist()[:30]
    path = service.list_of(gone, tmp_path / "withdrawn.txt")
    _, before = read_study(tmp_path / "c" / "protocol.yaml", tmp_path / "c" / "records")
    _, after = read_study(tmp_path / "c" / "protocol.yaml", tmp_path / "c" / "records", read_withdrawn(path))
    lost = sum(before.chosen[0].by_arm.values()) - sum(after.chosen[0].by_arm.values())
    assert lost == next(one.count for one in after.left_out if "withdrew" in one.what)
    assert 0 < lost <= 30
    assert after.n < before.n


@pytest.mark.parametrize("fault", ["stranger", "changed", "unsigned", "empty"])
def test_a_list_that_is_not_believed(service: Service, tmp_path: Path, fault: str) -> None:
    """Signed by somebody else, changed, or not at all: refused, and nothing is learned by it."""
    path = service.list_of(["P-1"], tmp_path / "withdrawn.txt")
    content = path.read_bytes()
    faults = {
        "changed": content.replace(b'"patients":["', b'"patients":["0'),
        "unsigned": content.split(b"\n")[0],
        "empty": b"",
    }
    if fault == "stranger":
        Service(tmp_path / "elsewhere").list_of(["P-1"], path)
    else:
        path.write_bytes(faults[fault])
    with pytest.raises(Refused, match="trusted-services"):
        read_withdrawn(path)
    with pytest.raises(BadInput, match="equipoise withdrawn"):
        read_withdrawn(tmp_path / "nowhere.txt")


def test_everybody_withdrew(
    service: Service, records: pd.DataFrame, protocol: dict[str, Any], study: Any, tmp_path: Path
) -> None:
    """If nobody is left there is nothing to learn from, and that is told."""
    path = service.list_of(ids(records, protocol), tmp_path / "withdrawn.txt")
    with pytest.raises(BadInput, match="did not withdraw"):
        read_study(study.protocol, study.data, read_withdrawn(path))


def test_the_policy_names_the_list(
    lab: Any, records: pd.DataFrame, protocol: dict[str, Any], study: Any, tmp_path: Path, service: Service
) -> None:
    """By command: manifest and gates.json name the honoured list; an unbelieved one ends in 5, none in 3."""
    home = tmp_path / "home"
    path = service.list_of(ids(records, protocol)[:12], tmp_path / "withdrawn.txt")
    words = ("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", "--withdrawn")
    assert lab(*words, tmp_path / "nowhere.txt", home=home).code == 3
    ran = lab(*words, path, home=home)
    assert ran.code in (0, 4), ran.err
    for file in ("policy/manifest.json", "gates.json"):
        told = json.loads((tmp_path / "out" / file).read_text())
        assert told["withdrawn_patients_sha256"] == sha256(path.read_bytes())
    path.write_bytes(path.read_bytes()[:-10])
    assert lab(*words, path, home=home).code == 5
