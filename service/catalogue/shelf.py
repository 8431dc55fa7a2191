"""Where the versions of a model lie: NAME/VERSION/ with its files, NAME/moves/ with the records, NAME/model.json."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from data_contracts.errors import NotFound
from data_contracts.places import home
from data_contracts.whole_file import write_whole
from service.policy_source import MODEL_NAME

NOTE = "model.json"
RECORDS = "moves"
RECORD_NAME = re.compile(r"[0-9T.+-]{10,40}-(?P<alias>challenger|champion)-v(?P<version>[0-9]{1,9})\.json")
"""Of a record of a move, as the lab writes it: by name they stand in the order of time."""

VERSION = re.compile(r"[1-9][0-9]{0,8}")


class VersionNote(BaseModel):
    """One registered version.

    Attributes:
        version: its number.
        problem: why nothing of it is shown; empty if it was verified and lies here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    problem: str = ""


class ModelNote(BaseModel):
    """What the registry said of a model when it was last looked at.

    Attributes:
        name: registered model name.
        at: when, UTC.
        seen: hash of what the registry said; while it stays there is nothing to fetch.
        champion, challenger: the versions at which the aliases stand.
        versions: the newest first.
        records: file names of the records of moves, the oldest first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    at: AwareDatetime
    seen: str
    champion: str | None
    challenger: str | None
    versions: tuple[VersionNote, ...]
    records: tuple[str, ...]


def shelf(name: str) -> Path:
    """The folder of one model."""
    return home() / "catalogue" / name


def write_note(note: ModelNote) -> None:
    """Leave the note, whole or not at all."""
    write_whole(shelf(note.name) / NOTE, note.model_dump_json().encode())


def read_note(name: str) -> ModelNote:
    """The note on a model.

    Raises:
        NotFound: there is none, or none that can be read.
    """
    with suppress(OSError, ValidationError):
        if MODEL_NAME.fullmatch(name):
            return ModelNote.model_validate_json((shelf(name) / NOTE).read_bytes())
    raise NotFound("No model of that name is known here. Bring its versions: equipoise pull NAME")


def known_models() -> Sequence[str]:
    """Names of the models that were brought here, by the alphabet; no file is opened."""
    folder = home() / "catalogue"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(name for name in names if MODEL_NAME.fullmatch(name) and (folder / name / NOTE).is_file())
