"""`equipoise-lab study` keeps what was asked, what came and the policy in MLflow, and no patient's row."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest

from data_contracts.protocol_file import read_protocol
from experiments.run_record import tracked_name
from experiments.signing import open_signer
from experiments.tracking import _client, track

CANARY = b"Zebedee-7731"


@pytest.fixture
def summary(registry: Any) -> Any:
    """What the command printed."""
    return json.loads(registry.ran.out)


@pytest.fixture
def run(client: Any, summary: Any) -> Any:
    """The study's MLflow run."""
    return client.get_run(summary["run_id"])


def artifacts(run: Any) -> Path:
    """Folder of a run's artifacts."""
    return Path(unquote(urlparse(run.info.artifact_uri).path))


def files(folder: Path) -> Iterator[str]:
    """Names of all files below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder))


def test_the_study_registers_version_one_as_challenger(registry: Any, client: Any, summary: Any) -> None:
    """The command ends with 0 and says name, version, run and report; the challenger is that version, no champion."""
    assert registry.ran.code == 0
    assert (summary["registered"], summary["version"]) == ("null", "1")
    assert Path(summary["report"]).is_file()
    found = client.get_model_version_by_alias("null", "challenger")
    assert (int(found.version), found.run_id) == (1, summary["run_id"])
    assert set(client.get_registered_model("null").aliases) == {"challenger"}


def test_the_run_is_finished_and_says_which_study(run: Any, registry: Any) -> None:
    """Tags hold the protocol's hash, the data's fingerprint and whether the gates held, as gates.json does."""
    gates = json.loads((registry.out / "gates.json").read_text(encoding="utf-8"))
    assert run.info.status == "FINISHED"
    assert run.data.tags["study_id"] == gates["study_id"]
    assert run.data.tags["data_fingerprint"] == gates["data_fingerprint"]
    assert run.data.tags["gates"] == "passed"


def test_parameters_are_the_protocol(run: Any, study: Any) -> None:
    """Every key of the protocol is a parameter, as are the versions of the libraries behind the numbers."""
    protocol = read_protocol(study.protocol)
    for key, value in protocol.model_dump(mode="json").items():
        if isinstance(value, dict) and value:
            assert {name.partition(".")[0] for name in run.data.params} >= {key}, key
        else:
            assert run.data.params[key] == (value if isinstance(value, str) else json.dumps(value)), key
    assert run.data.params["arms.reference"] == protocol.arms.reference
    assert (run.data.params["folds"], run.data.params["seed"]) == (str(protocol.folds), str(protocol.seed))
    for key in ("environment_sha256", "lock_sha256"):
        assert len(run.data.params[key]) == 64
    for library in ("numpy", "econml", "lightgbm", "scikit-learn", "equipoise"):
        assert run.data.params[f"version.{library}"]
    assert run.data.params["propensity_model"]


@pytest.mark.parametrize(
    "name",
    ["target_trial.words.treatments.cbt.http://clinic.example/codes", "effect.PHQ-9 (12w) «é»", "a.." + "b" * 300],
)
def test_no_name_in_a_protocol_stops_the_tracking(name: str) -> None:
    """MLflow takes every key that is made of a protocol: an address of codes, brackets, long names."""
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name

    _validate_param_name(tracked_name(name))
    _validate_metric_name(tracked_name(name))
    assert len(tracked_name(name)) <= 250
    assert tracked_name("records.patient_id") == "records.patient_id"


def test_metrics_are_gates_and_effects(run: Any, registry: Any) -> None:
    """Each gate's value, each arm's average effect with its standard error, and the number of episodes."""
    gates = json.loads((registry.out / "gates.json").read_text(encoding="utf-8"))["gates"]
    for gate in gates:
        if gate["value"] is None:
            assert f"gate.{gate['name']}" not in run.data.metrics
            continue
        assert run.data.metrics[f"gate.{gate['name']}"] == gate["value"]
        for end in ("lower", "upper"):
            assert run.data.metrics.get(f"gate.{gate['name']}.{end}") == gate[end]
    for arm in ("a", "b"):
        assert abs(run.data.metrics[f"outcome.effect.{arm}"]) < 1
        assert 0 < run.data.metrics[f"outcome.se.{arm}"] < 1
    assert run.data.metrics["episodes"] == 600
    assert "outcome.effect.control" not in run.data.metrics


def test_whoever_knows_only_mlflow_can_read_it(run: Any, client: Any) -> None:
    """The run's page says what came and how each gate was judged, the model's page what its aliases mean."""
    note = run.data.tags["mlflow.note.content"]
    assert "| balance | passed |" in note
    assert "equipoise-lab promote null" in note
    assert "**champion**" in client.get_registered_model("null").description
    assert client.get_model_version("null", "1").tags["gates"] == "passed"


def test_the_data_set_is_known_by_its_digest(run: Any) -> None:
    """The run's input is the cohort's fingerprint, with no path and no schema of the records."""
    inputs = run.inputs.dataset_inputs
    assert len(inputs) == 1
    assert inputs[0].dataset.digest == run.data.tags["data_fingerprint"][:32]
    assert "records.csv" not in inputs[0].dataset.source


def test_artifacts_are_the_studys_own_files(run: Any, registry: Any) -> None:
    """Policy, gates and report are kept byte for byte; records that lay in the same folder are not."""
    assert (registry.out / "records.csv").is_file()
    kept = [name for name in files(artifacts(run)) if not name.startswith("promotion")]
    policy = [f"policy/{name}" for name in ("arrays.npz", "manifest.json", "model_card.json", "signature")]
    own = ["gates.json", "model_card.html", "model_card.md", *policy, "report.html", "report.json"]
    plots = {name for name in kept if name.startswith("plots/")}
    assert plots >= {
        f"plots/{name}.svg" for name in ("balance", "contrasts", "overlap", "preference", "ranks", "value")
    }
    assert sorted({*kept} - plots) == sorted(["environment.txt", *own, "protocol.json"])
    for name in own:
        assert (artifacts(run) / name).read_bytes() == (registry.out / name).read_bytes()


def test_no_patient_is_in_the_tracking_store(registry: Any, run: Any) -> None:
    """Neither the database nor any artifact holds an identifier, a rare category or free text of the records."""
    connection = sqlite3.connect(registry.home / "mlflow.db")
    dump = "\n".join(connection.iterdump()).encode()
    connection.close()
    kept = b"".join((artifacts(run) / name).read_bytes() for name in files(artifacts(run)))
    for content in (dump, kept, registry.ran.out.encode(), registry.ran.err.encode()):
        assert CANARY not in content
        assert b"P000002" not in content


def test_everything_lies_in_equipoises_home(registry: Any, run: Any) -> None:
    """With a SQLite store artifacts lie in home too, not wherever the command was started."""
    assert artifacts(run).is_relative_to(registry.home)
    assert not (Path.cwd() / "mlruns").exists()
    assert not (Path.cwd() / "mlartifacts").exists()


def test_the_report_is_one_file_that_reaches_for_nothing(registry: Any) -> None:
    """report.html loads no script, style or picture from elsewhere."""
    text = (registry.out / "report.html").read_text(encoding="utf-8")
    for reference in ('src="http', "src='http", "url(http", '<link rel="stylesheet" href'):
        assert reference not in text


def test_another_run_is_another_version(registry: Any, client: Any, result: Any) -> None:
    """Tracked again, the study is the next version and the new challenger; the old version stays."""
    renamed = replace(result, protocol=result.protocol.model_copy(update={"name": "twice"}))
    versions = [track(renamed, registry.out, open_signer()).version for _ in range(2)]
    assert versions == ["1", "2"]
    assert int(client.get_model_version_by_alias("twice", "challenger").version) == 2
    assert int(client.get_model_version("twice", "1").version) == 1


@pytest.mark.parametrize(
    "address",
    # pragma: allowlist nextline secret
    ["postgresql://mona:pa55word@db/mlflow", "https://mona:pa55word@mlflow.example/x", "sqlite:////a/b.db"],
)
def test_an_address_is_shown_without_its_password(address: str) -> None:
    """User name and password of a tracking server are not printed."""
    from experiments.tracking import _shown

    assert "pa55word" not in _shown(address)
    assert "mona" not in _shown(address)
    assert _shown(address).endswith(address.rsplit("@", maxsplit=1)[-1])


def test_mlflow_is_told_to_keep_quiet(registry: Any) -> None:
    """No telemetry, and nothing of MLflow's chatter on standard output."""
    import os

    with _client():
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert registry.ran.out.count("\n") == 1
    assert "alembic" not in registry.ran.err
