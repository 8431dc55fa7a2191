"""The one file that writes to MLflow: a study's run, its registered policy, and who promoted what."""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data_contracts.gate import in_state
from data_contracts.manifest import MANIFEST, PROMOTION, PROMOTION_SIGNATURE, PolicyManifest, Promotion, sha256
from data_contracts.places import home, registry
from experiments.study_result import StudyResult, outcomes_of

CHAMPION, CHALLENGER = "champion", "challenger"
LIBRARIES = ("equipoise", "econml", "lightgbm", "mlflow", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True)
class Registered:
    """Where a study was put.

    Attributes:
        name, version: of the registered model.
        run_id: the MLflow run.
        uri: the tracking server.
    """

    name: str
    version: str
    run_id: str
    uri: str


def track(result: StudyResult, out: Path) -> Registered:
    """Log a study's parameters, metrics, dataset digest and files, and register its policy as the challenger."""
    with _client() as (mlflow, client):
        name = result.protocol.name
        _experiment(mlflow, name)
        with mlflow.start_run(run_name=f"{name} {result.protocol.study_id[:8]}") as run:
            mlflow.log_params(_parameters(result))
            mlflow.log_metrics(_metrics(result))
            mlflow.set_tags(_tags(result))
            _log_files(mlflow, out)
            _log_dataset(mlflow, result)
            registered = _register(client, name, run.info.run_id, f"{run.info.artifact_uri}/policy")
        return Registered(name, registered, run.info.run_id, _shown(registry()))


def find_version(name: str, number: str) -> tuple[str, PolicyManifest, str]:
    """A registered policy: its run, its manifest and the manifest's sha256.

    Raises:
        NotFound: no such registered policy or version.
    """
    from data_contracts.errors import NotFound

    with _client() as (mlflow, client):
        try:
            found = client.get_model_version(name, number)
        except mlflow.exceptions.MlflowException as error:
            raise NotFound(
                f"No policy {name} version {number} in {_shown(registry())}. Run `equipoise-lab study` first."
            ) from error
        folder = mlflow.artifacts.download_artifacts(run_id=found.run_id, artifact_path="policy")
        content = (Path(folder) / MANIFEST).read_bytes()
        return str(found.run_id), PolicyManifest.model_validate_json(content), sha256(content)


def champion_version(name: str) -> str | None:
    """Version of the present champion, None if there is none."""
    with _client() as (mlflow, client):
        try:
            return str(client.get_model_version_by_alias(name, CHAMPION).version)
        except mlflow.exceptions.MlflowException:
            return None


def record_promotion(run_id: str, promotion: Promotion, files: Mapping[str, bytes]) -> None:
    """Keep the signed record with the run, then move the alias; MLflow itself keeps no history of moves."""
    with _client() as (_mlflow, client):
        folder = home() / "promotions" / promotion.name / promotion.version
        folder.mkdir(parents=True, exist_ok=True)
        # A version that becomes champion again gets a new record; the earlier one must stay readable.
        history = f"promotions/v{promotion.version}-{promotion.at.replace(':', '')}"
        for name in (PROMOTION, PROMOTION_SIGNATURE):
            (folder / name).write_bytes(files[name])
            client.log_artifact(run_id, str(folder / name), f"promotion-v{promotion.version}")
            client.log_artifact(run_id, str(folder / name), history)
        tag = json.dumps({"by": promotion.by, "why": promotion.why, "at": promotion.at})
        client.set_model_version_tag(promotion.name, promotion.version, "promotion", tag)
        client.set_registered_model_alias(promotion.name, CHAMPION, promotion.version)


@contextmanager
def _client() -> Iterator[tuple[Any, Any]]:
    """MLflow and its client, pointed at the registry, its chatter kept off the terminal."""
    home().mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside MLflow that we cannot act on
        mlflow.set_tracking_uri(registry())
        yield mlflow, mlflow.MlflowClient()


def _experiment(mlflow: Any, name: str) -> None:
    """Choose the experiment; inside `mlflow run` the run is already made and must be used."""
    if "MLFLOW_RUN_ID" in os.environ:
        return
    if mlflow.get_experiment_by_name(name) is None:
        folder = home() / "artifacts"
        # A SQLite registry would put artifacts beside whatever folder the command was started in.
        mlflow.create_experiment(name, folder.as_uri() if registry().startswith("sqlite") else None)
    mlflow.set_experiment(name)


def _log_files(mlflow: Any, out: Path) -> None:
    """The study's own files by name: the folder may also hold the records, and no patient's row may leave."""
    mlflow.log_artifacts(str(out / "policy"), "policy")
    for name in ("gates.json", "report.json", "report.html"):
        if (out / name).is_file():
            mlflow.log_artifact(str(out / name))


def _shown(uri: str) -> str:
    """An address without the user name and password that it may hold."""
    return re.sub(r"//[^/@]*@", "//", uri)


def _register(client: Any, name: str, run_id: str, source: str) -> str:
    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        client.create_registered_model(name)
    number = str(client.create_model_version(name, source=source, run_id=run_id).version)
    client.set_registered_model_alias(name, CHALLENGER, number)
    return number


def _parameters(result: StudyResult) -> dict[str, str]:
    """The protocol, flat, with the versions of the libraries behind the numbers."""
    flat = {key: json.dumps(value) for key, value in result.protocol.model_dump(mode="json").items()}
    chosen = {"propensity_model": result.learned.propensity.chosen}
    return {
        key: value[:500] for key, value in (flat | chosen | {f"version.{x}": version(x) for x in LIBRARIES}).items()
    }


def _metrics(result: StudyResult) -> dict[str, float]:
    metrics = {f"gate.{gate.name}": gate.value for gate in result.gates if gate.value is not None}
    for outcome, averages in outcomes_of(result):
        rows = zip(result.episodes.arms, averages.effects, averages.standard_errors, strict=True)
        for arm, effect, error in list(rows)[1:]:
            metrics[f"{outcome.column}.effect.{arm}"] = float(effect)
            metrics[f"{outcome.column}.se.{arm}"] = float(error)
    metrics["episodes"] = float(result.episodes.n)
    return metrics


def _tags(result: StudyResult) -> dict[str, str]:
    gates = "passed" if result.passed else "failed"
    waived = ", ".join(in_state(result.gates, "waived"))
    tags = {"study_id": result.protocol.study_id, "data_fingerprint": result.episodes.fingerprint, "gates": gates}
    return tags | ({"waived": waived} if waived else {})


def _log_dataset(mlflow: Any, result: StudyResult) -> None:
    """The cohort by its digest alone: no patient's row leaves for the tracking server."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    digest = result.episodes.fingerprint[:32]
    mlflow.log_input(MetaDataset(CodeDatasetSource({}), name=result.protocol.name, digest=digest), context="training")
