"""The policy of a study whose design failed: it says so, and holds no effect, since none was computed."""

from __future__ import annotations

from data_contracts.basis import Basis
from data_contracts.manifest import MODEL_CARD, PolicyManifest
from experiments.design_result import DesignResult
from experiments.policy_writer import known_of_design, named_files


def closed_policy_files(result: DesignResult, card: bytes) -> dict[str, bytes]:
    """Content of the policy's files by name, without the signature: manifest and model card, no arrays."""
    columns = result.encoding.columns_of(result.protocol.effect_modifiers)
    manifest = PolicyManifest(
        **known_of_design(result.protocol, result.episodes),
        encoding=result.encoding,
        basis=Basis(columns=columns, centre=(0.0,) * columns, scale=(1.0,) * columns),
        gates=result.gates,
        individualisation=(),
        withdrawn=result.withdrawn,
    )
    return named_files(manifest, {MODEL_CARD: card})
