"""`equipoise pull` against a real MLflow registry in SQLite."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_contracts.alias_move import AliasMove
from data_contracts.manifest import PolicyManifest, sha256
from service.__main__ import main
from service.catalogue.shelf import read_note
from service.catalogue.study_version import find_version
from service.policy_source import cache_folder
from service.pull import pull_once
from service.served_policy import load_served
from service.trusted_keys import load_trusted_keys

# MLflow's own code uses what its dependencies have deprecated; nothing of ours is between.
pytestmark = pytest.mark.filterwarnings("ignore")
Lab = Any


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of one registry for all tests of this file: making its tables takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    address = f"sqlite:///{folder / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient

        MlflowClient(address, address).create_experiment("studies", (folder / "artifacts").as_uri())
    return address


class Registry:
    """Registers and promotes as the lab does."""

    def __init__(self, address: str, name: str, folder: Path) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(address, address)
        self.name = name
        self.folder = folder
        self.client.create_registered_model(name)

    def register(self, files: Mapping[str, bytes]) -> tuple[str, str]:
        """Log a policy with a new run and register it; its version and run."""
        experiment = self.client.get_experiment_by_name("studies")
        run = self.client.create_run(experiment.experiment_id).info
        self._log(run.run_id, files, "policy")
        source = f"{run.artifact_uri}/policy"
        return self.client.create_model_version(self.name, source=source, run_id=run.run_id).version, run.run_id

    def promote(self, version: str, run: str, record: Mapping[str, bytes]) -> None:
        """Log a promotion record beside a version and make it champion."""
        self._log(run, record, f"promotion-v{version}")
        self.client.set_registered_model_alias(self.name, "champion", version)

    def champion(self, lab: Lab, files: Mapping[str, bytes], **promotion: str) -> None:
        """Register a policy and promote it; its promotion record may be made to speak of something else."""
        version, run = self.register(files)
        signed = lab.promoted(files, **({"name": self.name, "version": str(version)} | promotion))
        self.promote(version, run, {name: signed[name] for name in ("promotion.json", "promotion.signature")})

    def challenge(self, lab: Lab, version: str, run: str, files: Mapping[str, bytes]) -> None:
        """Log what people read of a study, and the record by which it becomes the challenger, and move the alias."""
        self._log(run, files, "")
        described = self.client.download_artifacts(run, "policy/manifest.json")
        move = AliasMove(
            name=self.name,
            alias="challenger",
            from_version=None,
            to_version=version,
            by="ana",
            why="done",
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
            gates_sha256=sha256(b"{}"),
            manifest_sha256=sha256(Path(described).read_bytes()),
            files={name: sha256(content) for name, content in files.items()},
        )
        stem = f"{move.at.replace(':', '')}-challenger-v{version}"
        self._log(run, {f"{stem}.json": move.content(), f"{stem}.signature": lab.sign(move.content())}, "promotions")
        self.client.set_registered_model_alias(self.name, "challenger", version)

    def _log(self, run: str, files: Mapping[str, bytes], place: str) -> None:
        for name, content in files.items():
            path = self.folder / name
            path.write_bytes(content)
            self.client.log_artifact(run, str(path), place or None)


@pytest.fixture
def registry(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Registry:
    """The registry, with a model name of the test's own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    name = "m-" + "".join(character for character in request.node.name.lower() if character.isalnum())
    (tmp_path / "logged").mkdir()
    return Registry(database, name[:79], tmp_path / "logged")


def test_champion_is_cached_and_served(registry: Registry, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """A promoted policy is pulled, verified and then served from the cache alone."""
    registry.champion(lab, lab.policy())
    assert main(["pull", f"{registry.name}@champion"]) == 0
    served = load_served(f"{registry.name}@champion")
    assert served.source.manifest_sha256[:8] in capsys.readouterr().out
    assert served.source.promotion is not None
    assert served.source.promotion.by == "A. Nalyst"


def test_new_champion_replaces_the_old(registry: Registry, lab: Lab) -> None:
    """After another promotion the note names the new policy, the old one stays in the cache, nothing else does."""
    registry.champion(lab, lab.policy())
    first = pull_once(registry.name)
    registry.champion(lab, lab.policy(arrays={"outcome_spread": [1.5, 0.0, 0.0, 0.0]}))
    second = pull_once(registry.name)
    assert load_served(f"{registry.name}@champion").source.manifest_sha256 == second != first
    assert sorted(path.name for path in cache_folder(registry.name).iterdir()) == sorted([first, second, "champion"])


def test_same_policy_promoted_again(registry: Registry, lab: Lab) -> None:
    """The same study registered and promoted again brings the new promotion record."""
    registry.champion(lab, lab.policy())
    first = pull_once(registry.name)
    registry.champion(lab, lab.policy())
    assert pull_once(registry.name) == first
    promotion = load_served(f"{registry.name}@champion").source.promotion
    assert promotion is not None
    assert promotion.version == "2"


def test_damaged_cache_is_mended(registry: Registry, lab: Lab) -> None:
    """Pulling again replaces a cached policy that was changed on disk."""
    registry.champion(lab, lab.policy())
    folder = cache_folder(registry.name) / pull_once(registry.name)
    (folder / "arrays.npz").write_bytes(b"")
    pull_once(registry.name)
    load_served(f"{registry.name}@champion")


def test_versions_come_before_anybody_promoted_one(
    registry: Registry, lab: Lab, stranger: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    """NAME alone brings every version with what its study signed; one that is not signed is told, and not brought."""
    number, run = registry.register(lab.signed({}, named(lab, registry.name)))
    version = str(number)
    registry.challenge(lab, version, run, {"report.html": b"<h1>Found</h1>", "report.json": b"{}"})
    registry.register(stranger.signed({}, named(lab, registry.name)))
    assert main(["pull", registry.name]) == 0
    assert "2 versions (1 of them not shown, as they do not verify: 2)" in capsys.readouterr().out
    found = find_version(registry.name, version, load_trusted_keys())
    assert found.content("report.html") == b"<h1>Found</h1>"
    note = read_note(registry.name)
    assert (note.champion, note.challenger) == (None, version)
    assert main(["pull", f"{registry.name}@champion"]) == 3
    assert main(["pull", "never-registered"]) == 3


def named(lab: Lab, name: str) -> PolicyManifest:
    """The tiny policy's manifest under another name."""
    return PolicyManifest.model_validate_json(lab.policy()["manifest.json"]).model_copy(update={"name": name})


def tampered(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(lab, {**lab.policy(), "arrays.npz": b"changed"})


def foreign(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(stranger, stranger.policy())


def foreign_promotion(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(stranger, lab.policy())


def with_pickle(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(lab, {**lab.policy(), "python_model.pkl": pickle.dumps({})})


def failed_gates(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(lab, lab.policy(gate="failed"))


def unpromoted(registry: Registry, lab: Lab, stranger: Lab) -> None:
    version, _ = registry.register(lab.policy())
    registry.client.set_registered_model_alias(registry.name, "champion", version)


def another_version(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(lab, lab.policy(), version="9")


def another_model(registry: Registry, lab: Lab, stranger: Lab) -> None:
    registry.champion(lab, lab.policy(), name="another")


BAD = (tampered, foreign, foreign_promotion, with_pickle, failed_gates, unpromoted, another_version, another_model)


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_champion_is_refused(
    make: Any, registry: Registry, lab: Lab, stranger: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    """A champion that is not sound ends in exit 5, and the one that was cached stays and is served."""
    registry.champion(lab, lab.policy(arrays={"outcome_spread": [1.6, 0.0, 0.0, 0.0]}))
    before = pull_once(registry.name)
    make(registry, lab, stranger)
    assert main(["pull", f"{registry.name}@champion"]) == 5
    assert "Refused" in capsys.readouterr().err
    assert load_served(f"{registry.name}@champion").source.manifest_sha256 == before
    assert sorted(path.name for path in cache_folder(registry.name).iterdir()) == sorted([before, "champion"])


def test_no_champion_is_not_found(registry: Registry, lab: Lab) -> None:
    """A model without the alias, and a model that nobody registered, are told as not found."""
    registry.register(lab.policy())
    assert main(["pull", f"{registry.name}@champion"]) == 3
    assert main(["pull", "never-registered@champion"]) == 3


# pragma: allowlist nextline secret
@pytest.mark.parametrize("address", ["no-such-database://user:SECRET@localhost/db", "http://user:SECRET@127.0.0.1:9"])
def test_unreachable_registry(
    address: str, lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A registry that cannot be read ends in exit 5 and its address, which may hold a password, is not told."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert main(["pull", "tiny@champion"]) == 5
    assert "SECRET" not in capsys.readouterr().err


def test_watching_goes_on(
    registry: Registry, lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While watching, a bad champion is told once and the next good one is taken."""
    turns = iter(
        [lambda: None, lambda: tampered(registry, lab, lab), lambda: None, lambda: good("2"), lambda: good("3")]
    )

    def good(spread: str) -> None:
        registry.champion(lab, lab.policy(arrays={"outcome_spread": [float(spread), 0.0, 0.0, 0.0]}))

    def sleep(_: float) -> None:
        try:
            next(turns)()
        except StopIteration:
            raise KeyboardInterrupt from None

    good("1")
    monkeypatch.setattr("service.pull.time.sleep", sleep)
    monkeypatch.setattr("service.pull.signal.signal", lambda *_: None)
    assert main(["pull", f"{registry.name}@champion", "--watch", "1"]) == 130
    told = capsys.readouterr()
    assert told.out.count("verified and cached") == 3
    assert told.err.count("The champion that was cached stays.") == 1
