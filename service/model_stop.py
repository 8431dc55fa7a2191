"""The kill switch: an administrator takes a model out of service, or back, with a reason.

A model is called by its policy's name, whatever its version: a corrected one answers once somebody lifts the stop.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import ModelStopped
from service.event import Name, Words

Switch = Literal["stopped", "lifted"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StopOrder(_Data):
    """Who takes a model out or back, and why. It is kept in clear: say nothing of a patient in it.

    Attributes:
        by: the administrator's name.
        role: in words.
        why: the reason; there is no taking out, and no lifting, without one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"by": "K. Adler", "role": "clinical safety officer", "why": "Harm reports of 3 May are looked into."}
            ]
        }
    )

    by: Name
    role: Name
    why: Words


class StopChange(_Data):
    """One turn of the switch.

    Attributes:
        switch: stopped or lifted.
        at: when, UTC.
        order: who and why.
    """

    switch: Switch
    at: datetime
    order: StopOrder


class ModelStanding(_Data):
    """Whether a model answers.

    Attributes:
        policy: its name.
        in_service: False while it is stopped.
        changes: every turn of the switch, oldest first.
    """

    policy: str
    in_service: bool
    changes: tuple[StopChange, ...]


def standing_of(policy: str, changes: tuple[StopChange, ...]) -> ModelStanding:
    """Where the switch stands: its newest turn counts."""
    return ModelStanding(policy=policy, in_service=not changes or changes[-1].switch == "lifted", changes=changes)


def stop_text(policy: str, stopped_at: datetime) -> str:
    """What is told of a model that is out of service. The reason stays with the administrator."""
    told = f"The model {policy} was taken out of service on {stopped_at:%Y-%m-%d at %H:%M} UTC, and ranks nobody."
    return f"{told} Go by the guideline; an administrator knows why and can lift it."


def check_in_service(policy: str, stopped_at: datetime | None) -> None:
    """Refuse what would be advice by a model that is out of service.

    Args:
        policy: the model's name.
        stopped_at: since when it is out, UTC; None if it answers.

    Raises:
        ModelStopped: it is out.
    """
    if stopped_at is not None:
        raise ModelStopped(stop_text(policy, stopped_at))
