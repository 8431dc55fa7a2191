"""What the registry says beside a model card: where it stands, who moved which alias, and what does not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_contracts.alias_move import WrittenMove


@dataclass(frozen=True)
class RegistryRecord:
    """What the registry says beside the card.

    Attributes:
        name, version, run_id, uri: where it is.
        aliases: that stand at this version.
        moves: of aliases to or from this version, the first first.
        manifest_sha256: hash of the policy's manifest.
        versions: of the program and the libraries behind the numbers.
        doubts: what does not agree, in words; empty if all does.
    """

    name: str
    version: str
    run_id: str
    uri: str
    aliases: tuple[str, ...]
    moves: tuple[WrittenMove, ...]
    manifest_sha256: str
    versions: Mapping[str, str]
    doubts: tuple[str, ...]
