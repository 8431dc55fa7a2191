"""What a study of this folder consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_contracts.protocol_file import read_yaml
from experiments.cohort.place import Place

HERE = Path(__file__).parent
PROTOCOL, TRUTH = "protocol.yaml", "truth.csv"


@dataclass(frozen=True)
class Example:
    """One study.

    Attributes:
        name: what the command calls it.
        folder: of its protocol and pages, beside this file.
        about: what it is, in a few words.
        write: writes its records into a folder and says where they are; the second argument is the folder with trial
            data that is not part of this repository, for a study that reads such.
        data: the folder inside that one which the study reads; None if it needs none.
        first: makes of the protocol what it was before anybody had looked at the records, which refuses them.
        beside: lines of Markdown that stand beside its results: what another look at the same records says.
    """

    name: str
    folder: str
    about: str
    write: Callable[[Path, Path | None], Place]
    data: str | None = None
    beside: Callable[[], Iterable[str]] | None = None
    first: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    @property
    def protocol(self) -> Path:
        """Its protocol file."""
        return HERE / self.folder / PROTOCOL

    def protocol_data(self) -> dict[str, Any]:
        """The content of its protocol, to be changed at will."""
        content: dict[str, Any] = read_yaml(self.protocol)
        return content
