"""A policy's folder, read once into memory, so that what was checked is what is used."""

from __future__ import annotations

import re
from pathlib import Path

from data_contracts.errors import NotFound, Refused
from data_contracts.manifest import PROMOTION_SIGNATURE, SIGNATURE

SUFFIXES = frozenset({".json", ".npz", ".txt"})
NAMES = frozenset({SIGNATURE, PROMOTION_SIGNATURE})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
MAX_BYTES = 256 * 2**20
"""More than any policy of numbers needs; stops a folder from filling the memory."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """The bytes of every file of a policy's folder, by name; nothing is interpreted.

    Raises:
        NotFound: no such folder.
        Refused: it holds a folder, a link that leads outside, a file of a kind that no policy has, or too much.
    """
    if not folder.is_dir():
        raise NotFound(f"No policy folder at {folder}. Check the path.")
    paths = sorted(folder.iterdir())
    strangers = [path.name for path in paths if not _belongs(path, folder.resolve())]
    if strangers:
        step = "Nothing of the folder was opened. Get the artifact again from its source."
        raise Refused(f"A policy is plain data files; this folder also holds {_listed(strangers)}. {step}")
    if sum(path.stat().st_size for path in paths) > MAX_BYTES:
        raise Refused(f"The policy folder holds more than {MAX_BYTES // 2**20} MiB. No policy is that large.")
    return {path.name: path.read_bytes() for path in paths}


def _belongs(path: Path, folder: Path) -> bool:
    name_known = path.name in NAMES or (path.suffix in SUFFIXES and _PLAIN_NAME.fullmatch(path.name) is not None)
    return name_known and path.is_file() and path.resolve().parent == folder


def _listed(names: list[str]) -> str:
    """File names as Python would write them: control characters cannot reach a terminal."""
    return ", ".join(ascii(name) for name in names[:10]) + (" and more" if len(names) > 10 else "")
