"""One patient's many episodes are nobody's cell: what only that patient has shows in nothing that a study writes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from data_contracts.manifest import PolicyManifest
from estimators.worlds import simulate
from experiments.__main__ import main
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.served_policy import load_served
from tests.service.conftest import Lab
from tests.service.pages.models.conftest import FakeRegistry

NAME, LEVEL, SCORE = "P-Zebedee", "Zebedee-Dale", 4.731
"""The patient's identifier; the only level, and the largest value by far, of two columns: in fourteen episodes."""

N, MANY = 330, 14
RARE = "(levels with fewer than 11 patients)"


def records() -> pd.DataFrame:
    """The null world, one of whose patients comes fourteen times, and thirteen times more for a therapy of their own;
    another therapy was had thirty-six times, by three patients.
    """
    table, at = simulate("null", N, 1).records, np.arange(N)
    table["start"] = [f"2024-{1 + row % 12:02d}-{1 + row // 12:02d}" for row in at]
    table["region"] = np.where(at < MANY, LEVEL, np.where(at % 3 == 0, "north", "south"))
    table.loc[at < MANY, ["patient_id", "x1", "x2"]] = [NAME, SCORE, np.nan]
    alone, three = (table.iloc[first : first + more].copy() for first, more in ((100, 13), (200, 36)))
    alone[["patient_id", "therapy"]] = [NAME, "alone"]
    three["patient_id"], three["therapy"] = [f"Q{row % 3}" for row in range(len(three))], "three"
    alone["start"], three["start"] = ([f"2023-{day}" for day in one.start.str[5:]] for one in (alone, three))
    return pd.concat([table, alone, three], ignore_index=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, empty_registry: bytes) -> Path:
    """All that the study left: its folder of results, the registry's with its copies, and what was printed."""
    folder = tmp_path_factory.mktemp("one-patient")
    asked = simulate("null", 1, 1).protocol | {"confounders": ["region"], "groups": ["region"], "folds": 2}
    asked |= {"refuters": {"draws": 20, "dowhy": False}}
    asked["records"] = {"patient_id": "patient_id", "arm": "therapy", "time": "start"}
    asked["arms"] = {"reference": "control", "offered": ["a", "b", "alone", "three"]}
    given, out, home = (folder / name for name in ("given", "out", "home"))
    given.mkdir()
    home.mkdir()
    records().to_csv(given / "records.csv", index=False)
    (given / "protocol.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    (home / "mlflow.db").write_bytes(empty_registry)
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("EQUIPOISE_HOME", str(home))
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
        main(["study", str(given / "protocol.yaml"), "--data", str(given / "records.csv"), "--out", str(out)])
    (out / "printed.txt").write_text(printed.getvalue(), encoding="utf-8")
    return folder


def tells(content: bytes) -> bool:
    """Whether anything that only the patient has stands there."""
    return any(mark.encode() in content for mark in (NAME, LEVEL, str(SCORE)))


def test_no_file_tells_of_a_patient_of_many_episodes(written: Path) -> None:
    """Policy, report, gates, card and all that MLflow keeps hold neither the name, nor the level, nor the value."""
    files = [path for part in ("out", "home") for path in (written / part).rglob("*") if path.is_file()]
    held = {str(path.relative_to(written)): path.read_bytes() for path in files}
    wanted = ("report.html", "report.json", "gates.json", "model_card.html", "policy/manifest.json")
    assert {f"out/{name}" for name in wanted} <= set(held)
    assert [name for name, content in held.items() if tells(content)] == []
    assert [name for name in held if "home" in name and name.endswith("manifest.json")]


def test_no_number_tells_of_them(written: Path) -> None:
    """No array holds the value, in its own unit or standardised; that a value is missing is no column; neither therapy
    of few patients has a count, and nothing adds up to one.
    """
    manifest = json.loads((written / "out/policy/manifest.json").read_bytes())
    report = json.loads((written / "out/report.json").read_bytes())
    encoding, arms = manifest["encoding"], {arm["name"]: arm for arm in manifest["arms"]}
    standardised = (SCORE - encoding["centre"][0]) / encoding["scale"][0]
    with zipfile.ZipFile(written / "out/policy/arrays.npz") as archive:
        for name in archive.namelist():
            array = np.load(io.BytesIO(archive.read(name)))
            assert not np.isclose(array[..., None], [SCORE, standardised], rtol=1e-6, atol=0).any(), name
    features = {feature["name"]: feature for feature in encoding["features"]}
    assert not np.isclose(features["x1"]["upper"], SCORE)
    assert not features["x2"]["missing_indicator"]
    assert [(arms[name]["episodes"], arms[name]["ranked"]) for name in ("alone", "three")] == [(0, False)] * 2
    left = report["attrition"][0]
    assert (left["left"]["alone"], left["left"]["three"], left["total_left"]) == ("<11", "<11", f"≥{N + 2}")
    rows = {row["column"]: row for row in report["table_one"]["rows"]}
    assert {cell["missing"] for cell in rows["x2"]["by_arm"].values()} <= {0, "<11"}
    assert {level["level"] for level in rows["region"]["levels"]} <= {"north", "south", RARE}


def test_no_page_of_the_service_tells_of_them(
    written: Path,
    lab: Lab,
    registry: FakeRegistry,
    brought: Callable[[], Any],
    tmp_path: Path,
    store: Any,
) -> None:
    """A model's pages and documents, an answer with its basis, and the source attributes, as a service shows them."""
    from fastapi.testclient import TestClient

    out = written / "out"
    run = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    policy = {name: run[f"policy/{name}"] for name in ("arrays.npz", "model_card.json")}
    described = PolicyManifest.model_validate_json(run["policy/manifest.json"])
    passed = tuple(gate.model_copy(update={"state": "passed"}) for gate in described.gates)
    signed = lab.signed(policy, described.model_copy(update={"gates": passed}))
    registry.name = "null"
    registry.study(run | {f"policy/{name}": content for name, content in signed.items()})
    brought()
    folder = tmp_path / "promoted"
    folder.mkdir()
    for name, content in lab.promoted(signed, name="null").items():
        (folder / name).write_bytes(content)
    served = load_served(str(folder))
    store.keep_policy(served.source.manifest_sha256, served.documents, Entry("policy", LOCAL_ACTOR, datetime.now(UTC)))
    known = dict.fromkeys(described.effect_modifiers, 0.3) | {"x1": 4.5, "region": "north"}
    with TestClient(create_app(Collaborators(lambda: served, store, ()))) as client:
        asked = {"patient_id": "P-1", "values": known | {"decision_support_consent": "yes"}}
        answer = client.post("/v1/recommendations", json=asked)
        assert answer.status_code == 201, answer.text
        ours = f"/recommendations/{answer.json()['id']}"
        pages = [f"/models/null/1{part}" for part in ("", "/report", "/card", "/fairness", "/overlap")]
        pages += ["/models/null/1/files/report.html", "/models/null/1/files/model_card.html", "/models"]
        pages += [ours, f"/v1{ours}", f"/v1{ours}/basis", "/v1/models/champion/source-attributes"]
        told = {page: client.get(page) for page in pages}
    assert {page: one.status_code for page, one in told.items() if one.status_code != 200} == {}
    assert [page for page, one in told.items() if tells(one.content)] == []
    assert "of fewer than 11 patients" in told[f"/v1{ours}/basis"].text
