"""`equipoise pull`: a model's champion and all its versions, verified, into this machine's folders.

The one file that reads MLflow.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts.errors import BadUsage, EquipoiseError, NotFound, NotReady, Refused
from data_contracts.manifest import PROMOTION, PROMOTION_SIGNATURE
from data_contracts.places import registry
from service.catalogue.filling import RegisteredModel, RegisteredVersion, fill
from service.console import tell, warn
from service.operations.registry_note import RegistryNote, write_note
from service.policy_folder import read_folder
from service.policy_source import CHAMPION, MODEL_NAME, cache_folder, name_champion
from service.utc import utc_now
from service.verification import VerifiedPolicy, check_serving, verify_policy

if TYPE_CHECKING:
    from mlflow import MlflowClient

POLICY = "policy"
SQLITE = "sqlite:///"
UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow calls a model, alias or file that is not there."""


def pull(reference: str, watch: float | None) -> int:
    """Bring NAME@champion into the cache, and all versions of NAME for the pages, once or every ``watch`` seconds.

    NAME alone brings the versions alone: of a model that nobody has promoted yet. Watching goes on after a failure,
    which is told; the champion that was cached stays.

    Raises:
        BadUsage: the reference is not NAME or NAME@champion, or the seconds are not positive.
        NotFound, NotReady, Refused: as for `pull_once` and `pull_versions`, if not watching.
    """
    name, at, alias = reference.partition("@")
    if not MODEL_NAME.fullmatch(name) or (at and alias != CHAMPION) or (watch is not None and not watch > 0):
        raise BadUsage(f"Usage: equipoise pull NAME[@{CHAMPION}] [--watch SECONDS], SECONDS above 0.")
    if watch is None:
        tell(_pull(name, champion=bool(at)))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    last = ""
    while True:
        last = _pull_and_tell(name, last, watch, champion=bool(at))
        time.sleep(watch)


def _pull(name: str, *, champion: bool) -> str:
    """Bring what is asked for; what to tell. The versions are brought although the champion is refused."""
    if not champion:
        return f"{name} has {pull_versions(name)}."
    try:
        told = f"{name}@{CHAMPION} is {pull_once(name)[:8]}…, verified and cached"
    finally:
        try:
            versions = pull_versions(name)
        except EquipoiseError as error:
            versions = f"versions that could not be brought for the pages: {error}"
    return f"{told}; it has {versions}."


def pull_versions(name: str) -> str:
    """Bring every version of a model that is not here yet, for the pages; how many there are, in words.

    Raises:
        NotFound: no registry, or no such model.
        NotReady: the registry does not answer.
        Refused: no key is trusted.
    """
    with _answers(f"The registry holds no model {name}, or not its files."):
        note = fill(name, _Registry(), utc_now())
    wrong = [one.version for one in note.versions if one.problem]
    not_shown = f" ({len(wrong)} of them not shown, as they do not verify: {', '.join(wrong[:5])})" if wrong else ""
    return f"{len(note.versions)} version{'' if len(note.versions) == 1 else 's'}{not_shown}"


def pull_once(name: str) -> str:
    """Download, verify and cache the champion; the manifest's sha256.

    Raises:
        NotFound: no registry, no such model, or it has no champion.
        NotReady: the registry does not answer.
        Refused: the champion does not verify, failed a gate or was not promoted; the cache is as before.
    """
    folder = cache_folder(name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".incoming-") as incoming:
        version, arrived = download(name, Path(incoming))
        policy = verify_policy(read_folder(arrived))
        _check_champion(policy, name, version)
        _install(arrived, folder / policy.manifest_sha256)
    name_champion(name, policy.manifest_sha256)
    return policy.manifest_sha256


def download(name: str, folder: Path) -> tuple[str, Path]:
    """Download the champion's policy and promotion record from the registry, unverified.

    Returns:
        The champion's version, and the folder with the files of both.

    Raises:
        NotFound, NotReady: as for `pull_once`.
        Refused: there is no promotion record.
    """
    client = _client()
    with _answers(f"The registry holds no {name}@{CHAMPION}, or not its files. Promote a version."):
        champion = client.get_model_version_by_alias(name, CHAMPION)
        version, run = str(champion.version), str(champion.run_id)
        arrived = Path(client.download_artifacts(run, POLICY, str(folder)))
        if not client.list_artifacts(run, promotion := f"promotion-v{version}"):
            raise Refused(f"Version {version} has no promotion record. Promote it: equipoise-lab promote")
        record = Path(client.download_artifacts(run, promotion, str(folder)))
    for part in (PROMOTION, PROMOTION_SIGNATURE):
        if (record / part).is_file() and not (record / part).is_symlink():
            shutil.copyfile(record / part, arrived / part)
    return version, arrived


@contextmanager
def _answers(unknown: str) -> Iterator[None]:
    """Errors of MLflow told as ours: what it does not know by these words, anything else as not answering."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        if error.error_code in UNKNOWN:
            raise NotFound(unknown) from None
        raise _no_answer(error) from None
    except (OSError, SQLAlchemyError) as error:
        raise _no_answer(error) from None


class _Registry:
    """The registry, as `service.catalogue.filling` asks it."""

    def __init__(self) -> None:
        self._client = _client()

    def model(self, name: str) -> RegisteredModel:
        """A registered model with its versions, the newest first."""
        model = self._client.get_registered_model(name)
        found = sorted(self._client.search_model_versions(f"name = '{name}'"), key=lambda one: -int(one.version))
        aliases = {alias: str(at) for alias, at in model.aliases.items()}
        told = [(str(one.version), one.run_id, sorted(one.tags.items())) for one in found]
        return RegisteredModel(
            champion=aliases.get(CHAMPION),
            challenger=aliases.get("challenger"),
            versions=tuple(RegisteredVersion(str(one.version), str(one.run_id)) for one in found),
            seen=hashlib.sha256(repr((sorted(aliases.items()), told)).encode()).hexdigest(),
        )

    def files(self, run: str, folder: str) -> list[str]:
        """Names of the files in a folder of a run's artifacts."""
        return [Path(one.path).name for one in self._client.list_artifacts(run, folder) if not one.is_dir]

    def content(self, run: str, path: str) -> bytes | None:
        """One file of a run; None if there is none."""
        folder = str(Path(path).parent)
        if Path(path).name not in self.files(run, "" if folder == "." else folder):
            return None
        with tempfile.TemporaryDirectory() as place:
            return Path(self._client.download_artifacts(run, path, place)).read_bytes()


def _client() -> MlflowClient:
    """A client of the registry; it reports no usage and draws no bars."""
    address = registry()
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).exists():
        raise NotFound("No registry at the configured address. Set MLFLOW_TRACKING_URI, or run a study first.")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return MlflowClient(tracking_uri=address, registry_uri=address)
    except (MlflowException, OSError, SQLAlchemyError) as error:
        raise _no_answer(error) from None


def _no_answer(error: Exception) -> NotReady:
    """The registry cannot be read; its own message is left out, as addresses hold passwords."""
    return NotReady(
        f"The registry does not answer ({type(error).__name__}). Check MLFLOW_TRACKING_URI and the server."
    )


def _check_champion(policy: VerifiedPolicy, name: str, version: str) -> None:
    check_serving(policy)
    promotion = policy.promotion
    if promotion is None or (promotion.name, promotion.version) != (name, version):
        step = "Promote this version: equipoise-lab promote"
        raise Refused(f"The promotion record beside version {version} is of another model or version. {step}")


def _install(arrived: Path, target: Path) -> None:
    """Move a verified folder to its place; what lies there already is replaced only if it differs."""
    if target.exists():
        if _same(arrived, target):
            return
        target.rename(arrived.parent / "replaced")
    arrived.rename(target)


def _same(arrived: Path, target: Path) -> bool:
    try:
        return read_folder(arrived) == read_folder(target)
    except EquipoiseError:
        return False


def _pull_and_tell(name: str, last: str, seconds: float, *, champion: bool) -> str:
    """Pull once, note for the service what came of it, and tell only what is new; what was told."""
    problem = ""
    try:
        told, say = _pull(name, champion=champion), tell
    except EquipoiseError as error:
        problem = f"{error.title}. {error}"
        told, say = f"{problem} The champion that was cached stays.", warn
    write_note(name, RegistryNote(at=utc_now(), seconds=seconds, problem=problem))
    if told != last:
        say(told)
    return told
