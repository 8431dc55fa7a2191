"""What an export has come to, kept beside its files, so that one that broke off goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from data_contracts.errors import BadUsage
from experiments.bulk.registration import secure_address
from experiments.cohort.fhir_types import READ

STATE = "export.json"
TYPES = ("Patient", "Medication", *READ)
"""What a study reads, and what its prescriptions refer to."""

TypeName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]{2,63}$")]


class Request(BaseModel):
    """What is exported: of all patients of a server or of a group, these types, whole.

    Attributes:
        server: its base address.
        group: id of a Group; None is all patients.
        types: of resources.
        files_at: another origin that files may be fetched from, with the token.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: Annotated[str, AfterValidator(secure_address)]
    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-.]{1,64}$")] | None = None
    types: tuple[TypeName, ...] = TYPES
    files_at: Annotated[str, AfterValidator(secure_address)] | None = None

    @property
    def address(self) -> str:
        """Where the export is asked for."""
        level = f"Group/{self.group}" if self.group else "Patient"
        return f"{self.server}/{level}/$export"


class ExportedFile(BaseModel):
    """One file of a manifest.

    Attributes:
        type: of its resources.
        url: where it is.
        count: how many lines the server says that it has.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: TypeName
    url: str
    count: int | None = None


class Manifest(BaseModel):
    """What a server says of an export that is done.

    Attributes:
        transactionTime: as of when the records are.
        requiresAccessToken: whether files ask for the token too.
        output: files of records.
        error: files of messages about what is not in them.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    transactionTime: str
    requiresAccessToken: bool
    output: tuple[ExportedFile, ...]
    error: tuple[ExportedFile, ...] = ()


class State(BaseModel):
    """How far an export has come.

    Attributes:
        request: what was asked for.
        status: the address of the export at the server; None before it began and after it was given back.
        manifest: once it is done there.
        files: names of files that are here whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: Request
    status: str | None = None
    manifest: Manifest | None = None
    files: tuple[str, ...] = ()


def read_state(folder: Path, request: Request) -> State:
    """The state of the export in a folder; a new one where there is none.

    Raises:
        BadUsage: the folder holds another export, or other records.
    """
    path = folder / STATE
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise BadUsage(f"{folder} holds other files. Choose an empty folder, or one of an export that broke off.")
        return State(request=request)
    try:
        state = State.model_validate_json(path.read_bytes())
    except ValidationError:
        raise BadUsage(f"{path} is not one that this version wrote. Choose another folder.") from None
    if state.request != request:
        raise BadUsage(f"{folder} holds an export of another server, group or types. Choose another folder.")
    return state


def write_state(folder: Path, state: State) -> None:
    """Keep the state; the folder is for its owner alone, as it is to hold patients' records."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f"{STATE}.part"
    draft.write_text(state.model_dump_json(indent=1), encoding="utf-8")
    draft.replace(folder / STATE)
