"""A study that somebody asks for: the service keeps it, a lab's worker does it, both tell of it in these words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

StudyState = Literal["draft", "waiting", "running", "done", "failed", "cancelled"]
"""Without its table; to be done; being done; done, gates passed or not; stopped by an error; stopped by a person."""

ENDED: frozenset[StudyState] = frozenset({"done", "failed", "cancelled"})

TABLE_KINDS = (".csv", ".parquet")
"""How the name of a table of episodes ends."""

NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_CONTROLS)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Message = Annotated[str, StringConstraints(max_length=8000)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudyAsked(_Data):
    """What somebody asks for; the table follows.

    Attributes:
        protocol: the study protocol, YAML.
    """

    protocol: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class StudyRequest(_Data):
    """A study that was asked for, and how far it is.

    Attributes:
        id: of the request.
        name, study_id: of the protocol, and its sha256.
        state: where it stands.
        asked_by, asked_at: who, and when.
        table: the name of its table, once there is one.
        step, share: what is being done and the share (0-1) of the work behind it.
        worker: which one does it, or did.
        stopping: a person wants it stopped, and the worker has not yet.
        ended_at: when it ended.
        exit_code: of the study: 0 done, 4 a gate failed (results are written, marked), else it broke off.
        message: what the study told at its end; no patient's value.
        version: of the registered policy, if it came so far.
        has_report: whether its report can be read.
    """

    id: Id
    name: str
    study_id: str
    state: StudyState
    asked_by: str
    asked_at: datetime
    table: str | None = None
    step: str = ""
    share: float = Field(default=0.0, ge=0, le=1)
    worker: str | None = None
    stopping: bool = False
    ended_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""
    version: str | None = None
    has_report: bool = False


class StudyClaim(_Data):
    """A worker that wants work.

    Attributes:
        worker: its name, unique among workers.
    """

    worker: Line


class StudyProgress(StudyClaim):
    """How far a worker is.

    Attributes:
        step, share: as of the request.
    """

    step: Annotated[str, StringConstraints(max_length=200, pattern=NO_CONTROLS)]
    share: float = Field(ge=0, le=1, allow_inf_nan=False)


class StudyEnd(StudyClaim):
    """How a study ended.

    Attributes:
        exit_code: of the study's command.
        message: what it told.
        version: of the registered policy, if it came so far.
    """

    exit_code: int = Field(ge=0, le=255)
    message: Message = ""
    version: Line | None = None
