"""Where a policy comes from: a folder, or the local cache of verified champions that `equipoise pull` fills."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from data_contracts.errors import BadUsage, NotFound, Refused
from data_contracts.places import home
from service.policy_folder import read_folder
from service.verification import VerifiedPolicy, verify_policy

CHAMPION = "champion"
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PolicySource:
    """A policy's folder and what is known of it beforehand.

    Attributes:
        folder: where its files lie.
        name: registered model name, if it came from a registry.
        manifest_sha256: hash that its manifest must have, if it came from a registry.
    """

    folder: Path
    name: str | None = None
    manifest_sha256: str | None = None


def champion_name(reference: str) -> str | None:
    """NAME of "NAME@champion", None if the reference is a folder.

    Raises:
        BadUsage: it looks like a registered name, but not of that form.
    """
    name, at, alias = reference.rpartition("@")
    if not at or os.sep in reference:
        return None
    if alias != CHAMPION or not MODEL_NAME.fullmatch(name):
        raise BadUsage(f"A policy is a folder or NAME@{CHAMPION}, NAME in lower case as it was registered.")
    return name


def find_policy(reference: str) -> PolicySource:
    """Turn DIR or NAME@champion into a place.

    Raises:
        BadUsage: neither of the two.
        NotFound: nothing was pulled under that name.
        Refused: the cache's champion file is not a hash.
    """
    name = champion_name(reference)
    if name is None:
        return PolicySource(Path(reference))
    try:
        held = (cache_folder(name) / CHAMPION).read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise NotFound(f"No champion of that name in the cache. Run: equipoise pull {name}@{CHAMPION}") from error
    except (OSError, UnicodeDecodeError):
        held = ""
    if not _SHA256.fullmatch(held):
        raise Refused(f"The cache's note of the champion is broken. Run: equipoise pull {name}@{CHAMPION}")
    return PolicySource(cache_folder(name) / held, name, held)


def verified(source: PolicySource) -> VerifiedPolicy:
    """Read a policy once and verify it, and that it is the one which the cache says it is.

    Raises:
        NotFound: its folder is not there.
        Refused: it does not verify, or is another policy than the cache says.
    """
    policy = verify_policy(read_folder(source.folder))
    strange = source.manifest_sha256 not in (None, policy.manifest_sha256)
    if strange or (source.name and policy.promotion and policy.promotion.name != source.name):
        step = f"Run: equipoise pull {source.name}@{CHAMPION}"
        raise Refused(f"The cache holds another policy than its champion. {step}")
    return policy


def cache_folder(name: str) -> Path:
    """Where the verified policies of one registered name are kept: NAME/<manifest sha256>/ and NAME/champion."""
    return home() / "cache" / name


def name_champion(name: str, manifest_sha256: str) -> None:
    """Note which cached policy is the champion; the note changes whole or not at all."""
    folder = cache_folder(name)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".champion-")
    with os.fdopen(handle, "w", encoding="ascii") as note:
        note.write(manifest_sha256 + "\n")
        note.flush()
        os.fsync(note.fileno())
    Path(temporary).replace(folder / CHAMPION)
