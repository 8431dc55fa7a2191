"""The one file that writes to MLflow: a study's run, its registered policy, and who promoted what."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_contracts.alias_move import GATES, MOVES, STUDY_FILES, Alias, AliasMove, WrittenMove, in_order
from data_contracts.errors import NotFound, Refused
from data_contracts.manifest import (
    MANIFEST,
    MODEL_CARD,
    PROMOTION,
    PROMOTION_SIGNATURE,
    SIGNATURE,
    PolicyManifest,
    Promotion,
    sha256,
)
from data_contracts.places import home, registry
from data_contracts.whole_file import write_whole
from experiments.design_result import Result
from experiments.registered import Registered, RegisteredRun, Version
from experiments.registry import answering, make_whole
from experiments.report.drawing import Picture
from experiments.run_record import environment, metrics, model_note, note, parameters, tags
from experiments.signing import Signer, signed_by_trusted

CHAMPION: Alias = "champion"
CHALLENGER: Alias = "challenger"
RUN = "tracking.json"
"""Beside a study's stages: the run that was begun for it."""


def track(
    result: Result,
    out: Path,
    signer: Signer,
    pictures: Mapping[str, Picture] | None = None,
    answer: Sequence[str] = (),
    begun: Path | None = None,
) -> Registered:
    """Log a study's parameters, metrics, dataset digest and files, and register its policy as the challenger.

    The policy is registered once everything of it is in the server, and the alias moves last: what is killed on the
    way leaves a run that is not finished, and no half model.

    Args:
        out: the study's folder.
        signer: signs the record of the alias's move.
        pictures: the report's, kept as plots.
        answer: what came, in sentences, for the run's page.
        begun: folder in which to note the run, so that a killed study finishes it or marks it as killed.
    """
    name = result.protocol.name
    with _client() as (mlflow, client):
        if begun is not None and (done := _finish(client, begun / RUN, name, result, signer)):
            return done
        _experiment(mlflow, name)
        with mlflow.start_run(run_name=f"{name} {result.protocol.study_id[:8]}") as run:
            run_id = str(run.info.run_id)
            if begun is not None:
                write_whole(begun / RUN, json.dumps({"run_id": run_id}).encode())
            mlflow.log_params(parameters(result))
            mlflow.log_metrics(metrics(result))
            mlflow.set_tags(tags(result) | {"mlflow.note.content": note(result, list(answer))})
            _log_files(mlflow, out, result, pictures or {})
            _log_dataset(mlflow, result)
            number = _register(client, result, run_id, f"{run.info.artifact_uri}/policy")
            _challenge(client, result, run_id, number, signer)
        return Registered(name, number, run_id, _shown(registry()))


def find_version(name: str, number: str) -> Version:
    """A registered policy.

    Raises:
        NotFound: no such registered policy or version.
    """
    with _client() as (mlflow, client):
        try:
            run_id = str(client.get_model_version(name, number).run_id)
        except mlflow.exceptions.MlflowException as error:
            raise NotFound(
                f"No policy {name} version {number} in {_shown(registry())}. Run `equipoise-lab study` first."
            ) from error
        content = _artifact(client, run_id, f"policy/{MANIFEST}")
        gates = sha256(_artifact(client, run_id, GATES))
        return Version(run_id, PolicyManifest.model_validate_json(content), sha256(content), gates)


def registered_run(name: str, number: str) -> RegisteredRun:
    """A registered policy with its run, read from the registry alone.

    Raises:
        NotFound: no such registered policy or version.
    """
    run_id = find_version(name, number).run_id
    with _client() as (_mlflow, client):
        manifest, signature, card = (
            _artifact(client, run_id, f"policy/{file}") for file in (MANIFEST, SIGNATURE, MODEL_CARD)
        )
        data = client.get_run(run_id).data
        aliases = client.get_registered_model(name).aliases
        standing = tuple(sorted(alias for alias, at in aliases.items() if str(at) == number))
        return RegisteredRun(
            name=name,
            version=number,
            run_id=run_id,
            uri=_shown(registry()),
            manifest=manifest,
            signature=signature,
            card=card,
            metrics=data.metrics,
            parameters=data.params,
            tags=data.tags,
            aliases=standing,
        )


def alias_version(name: str, alias: Alias) -> str | None:
    """Version at which an alias stands, None if it stands nowhere."""
    with _client() as (_mlflow, client):
        return _stands(client, name, alias)


def record_promotion(version: Version, promotion: Promotion, signature: bytes, signer: Signer) -> None:
    """Keep the signed record with the run, then move the alias; MLflow itself keeps no history of moves.

    Raises:
        Refused: the study's report or gates are not those that were signed when it was finished; nothing is changed.
    """
    with _client() as (_mlflow, client):
        files = _study_files(client, version.run_id)
        _check_unchanged(client, promotion, files)
        folder, content = f"promotion-v{promotion.version}", promotion_content(promotion)
        _keep(client, version.run_id, folder, {PROMOTION: content, PROMOTION_SIGNATURE: signature})
        tag = json.dumps({"by": promotion.by, "why": promotion.why, "at": promotion.at})
        move = AliasMove(
            name=promotion.name,
            alias=CHAMPION,
            from_version=promotion.previous_version,
            to_version=promotion.version,
            by=promotion.by,
            why=promotion.why,
            at=_now(),
            gates_sha256=version.gates_sha256,
            manifest_sha256=version.manifest_sha256,
            waivers=promotion.waivers,
            files=files,
        )
        _record(client, version.run_id, move, signer)
        client.set_model_version_tag(promotion.name, promotion.version, "promotion", tag)
        client.set_registered_model_alias(promotion.name, CHAMPION, promotion.version)


def _check_unchanged(client: Any, promotion: Promotion, files: Mapping[str, str]) -> None:
    """What a promotion is decided by is what was signed before of this very version."""
    now = {GATES: promotion.gates_sha256, **files}
    for content, signed in _moves(client, promotion.name):
        move = AliasMove.model_validate_json(content)
        if signed and (move.to_version, move.manifest_sha256) == (promotion.version, promotion.manifest_sha256):
            told = {GATES: move.gates_sha256, **move.files}
            if changed := sorted(name for name, digest in told.items() if now.get(name) != digest):
                raise Refused(
                    f"{promotion.name} version {promotion.version}: {', '.join(changed)} in {_shown(registry())} "
                    "changed since it was signed. Nothing is promoted by it; make the study again."
                )


def promotion_content(promotion: Promotion) -> bytes:
    """A promotion as it is written and signed."""
    return (promotion.model_dump_json(indent=1) + "\n").encode()


def alias_moves(name: str) -> list[WrittenMove]:
    """Every move of a registered policy's aliases that was written down, the first first.

    Raises:
        NotFound: no such registered policy.
    """
    with _client() as (_mlflow, client):
        if not client.search_registered_models(filter_string=f"name = '{name}'"):
            raise NotFound(f"No policy {name} in {_shown(registry())}. Run `equipoise-lab study` first.")
        return in_order(_moves(client, name))


def check_registry() -> None:
    """Ask the registry for anything, before there is something to lose.

    Raises:
        Unreachable: it does not answer, or not as it should.
    """
    with _client() as (_mlflow, client):
        client.search_registered_models(max_results=1)


@contextmanager
def _client() -> Iterator[tuple[Any, Any]]:
    """MLflow and its client, pointed at the registry, its chatter kept off the terminal.

    Raises:
        Unreachable: the registry does not answer, or not as it should.
    """
    home().mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")  # half a minute; by itself MLflow takes four
    import mlflow

    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with warnings.catch_warnings(), answering(_shown(registry()), mlflow.exceptions.MlflowException):
        warnings.simplefilter("ignore")  # deprecations inside MLflow that we cannot act on
        make_whole(registry(), lambda address: mlflow.MlflowClient(address, address).search_registered_models())
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


def _log_files(mlflow: Any, out: Path, result: Result, pictures: Mapping[str, Picture]) -> None:
    """The study's own files by name: the folder may also hold the records, and no patient's row may leave."""
    mlflow.log_artifacts(str(out / "policy"), "policy")
    for name in (GATES, "report.json", "report.html", "model_card.html", "model_card.md"):
        if (out / name).is_file():
            mlflow.log_artifact(str(out / name))
    mlflow.log_text(json.dumps(result.protocol.model_dump(mode="json"), indent=1, ensure_ascii=False), "protocol.json")
    mlflow.log_text(environment(), "environment.txt")
    for name, picture in pictures.items():
        mlflow.log_text(picture.alone, f"plots/{name}.svg")


def _shown(uri: str) -> str:
    """An address without the user name and password that it may hold."""
    return re.sub(r"//[^/@]*@", "//", uri)


def _register(client: Any, result: Result, run_id: str, source: str) -> str:
    name = result.protocol.name
    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        client.create_registered_model(name, description=model_note(result))
    told = {"study_id": result.protocol.study_id, "gates": "passed" if result.passed else "failed"}
    return str(client.create_model_version(name, source=source, run_id=run_id, tags=told).version)


def _challenge(client: Any, result: Result, run_id: str, number: str, signer: Signer) -> None:
    """Write the move of the challenger down, then move it."""
    name = result.protocol.name
    move = AliasMove(
        name=name,
        alias=CHALLENGER,
        from_version=_stands(client, name, CHALLENGER),
        to_version=number,
        by=f"equipoise-lab study, run by {tags(result)['analyst']}",
        why="the study was finished; "
        + ("no gate failed" if result.passed else "a gate failed, it cannot be promoted"),
        at=_now(),
        gates_sha256=sha256(_artifact(client, run_id, GATES)),
        manifest_sha256=sha256(_artifact(client, run_id, f"policy/{MANIFEST}")),
        files=_study_files(client, run_id),
    )
    _record(client, run_id, move, signer)
    client.set_registered_model_alias(name, CHALLENGER, number)


def _study_files(client: Any, run_id: str) -> dict[str, str]:
    """Hash of what people read of a study, by name; a run need not have them."""
    there = {one.path for one in client.list_artifacts(run_id)}
    return {name: sha256(_artifact(client, run_id, name)) for name in STUDY_FILES if name in there}


def _finish(client: Any, path: Path, name: str, result: Result, signer: Signer) -> Registered | None:
    """What a killed study had begun: finished, if its policy was registered already; else marked as killed."""
    if not path.is_file():
        return None
    run_id = str(json.loads(path.read_text(encoding="utf-8"))["run_id"])
    found = [one for one in client.search_model_versions(f"name = '{name}'") if one.run_id == run_id]
    if not found:
        client.set_terminated(run_id, "KILLED")
        return None
    number = str(found[0].version)
    if _stands(client, name, CHALLENGER) != number:
        _challenge(client, result, run_id, number, signer)
    client.set_terminated(run_id, "FINISHED")
    return Registered(name, number, run_id, _shown(registry()))


def _stands(client: Any, name: str, alias: Alias) -> str | None:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException:
        return None


def _record(client: Any, run_id: str, move: AliasMove, signer: Signer) -> None:
    """Keep a move's record, linked to the one before, with the run; the name of its file is never used again."""
    before = sorted((AliasMove.model_validate_json(content).at, content) for content, _ in _moves(client, move.name))
    linked = move.model_copy(update={"previous_sha256": sha256(before[-1][1]) if before else None})
    content, stem = linked.content(), f"{move.at.replace(':', '')}-{move.alias}-v{move.to_version}"
    _keep(client, run_id, MOVES, {f"{stem}.json": content, f"{stem}.signature": signer.sign(content)})


def _moves(client: Any, name: str) -> list[tuple[bytes, bool]]:
    """Content of every record of a model, and whether a trusted key signed it."""
    found = []
    for run_id in sorted({str(one.run_id) for one in client.search_model_versions(f"name = '{name}'")}):
        paths = [one.path for one in client.list_artifacts(run_id, MOVES)]
        for path in paths:
            if path.endswith(".json"):
                signature = path.removesuffix(".json") + ".signature"
                content = _artifact(client, run_id, path)
                signed = signature in paths and signed_by_trusted(content, _artifact(client, run_id, signature))
                found.append((content, signed))
    return found


def _keep(client: Any, run_id: str, folder: str, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
            client.log_artifact(run_id, str(Path(place) / name), folder)


def _artifact(client: Any, run_id: str, path: str) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        return Path(client.download_artifacts(run_id, path, place)).read_bytes()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _log_dataset(mlflow: Any, result: Result) -> None:
    """The cohort by its digest alone: no patient's row leaves for the tracking server."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    digest = result.episodes.fingerprint[:32]
    mlflow.log_input(MetaDataset(CodeDatasetSource({}), name=result.protocol.name, digest=digest), context="training")
