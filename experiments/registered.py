"""What the registry holds: where a study was put, a policy's version, and all that is known of one there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_contracts.manifest import PolicyManifest


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


@dataclass(frozen=True)
class Version:
    """A registered policy.

    Attributes:
        run_id: the run that it came of.
        manifest, manifest_sha256: its manifest with the hash.
        gates_sha256: hash of the run's gates.json.
    """

    run_id: str
    manifest: PolicyManifest
    manifest_sha256: str
    gates_sha256: str


@dataclass(frozen=True)
class RegisteredRun:
    """What the registry alone holds of a policy's version.

    Attributes:
        manifest, signature, card: content of the policy's files.
        metrics, parameters, tags: of the run that it came of.
        aliases: that stand at this version.
    """

    name: str
    version: str
    run_id: str
    uri: str
    manifest: bytes
    signature: bytes
    card: bytes
    metrics: Mapping[str, float]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    aliases: tuple[str, ...]
