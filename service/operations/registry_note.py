"""The note that `equipoise pull --watch` leaves beside the cache: whether the registry answered, and when.

The service never asks the registry itself. By the note it can say that the registry is gone while it goes on.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from service.policy_source import cache_folder

NAME = "registry.json"
TURNS = 3
"""After so many turns without a new note nobody watches any more."""


class RegistryNote(BaseModel):
    """One look at the registry.

    Attributes:
        at: when, UTC.
        seconds: until the next look.
        problem: what came of it in words; empty if its champion is the cached one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    seconds: float = Field(gt=0)
    problem: str = Field(max_length=2000)

    def told(self, now: datetime) -> str:
        """What is wrong, in words; empty if nothing is."""
        if self.problem:
            return self.problem
        if now - self.at > timedelta(seconds=TURNS * self.seconds + 60):
            return f"Nobody has looked at the registry since {self.at.isoformat(timespec='seconds')}."
        return ""


def write_note(name: str, note: RegistryNote) -> None:
    """Leave the note, whole or not at all; a cache that cannot be written is told by what fills it."""
    folder = cache_folder(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".registry-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(note.model_dump_json())
        Path(temporary).replace(folder / NAME)
    except OSError:
        return


def read_note(name: str | None) -> RegistryNote | None:
    """The newest note on a registered name; None if there is none that can be read."""
    if name is None:
        return None
    try:
        return RegistryNote.model_validate_json((cache_folder(name) / NAME).read_bytes())
    except (OSError, ValidationError):
        return None
